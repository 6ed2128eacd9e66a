"""How redemptions of promotions reach Engage."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from engage_portal.core.ids import AssignmentId, EngageContactId
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Handler
from promotions.kinds import REDEEM
from promotions.models import Assignment, Redemption
from promotions.services import ALREADY_REDEEMED


class PromotionRedeem(Handler[Redemption]):
    """Redeem an assignment by its id, never by the template's."""

    kind = REDEEM
    label = "Redemption"
    priority = 20

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Redemption]:
        """The redemptions of the batch."""
        return Redemption.objects.select_related("contact__same_as").in_bulk(subject_ids)

    def request(self, item: Item, subject: Redemption) -> Call:
        """`POST /api/v3/promotion-assignments/{assignmentId}/redeem`."""
        del item
        assignment, channel = AssignmentId(str(subject.assignment_id)), subject.channel
        return Call(
            "POST /api/v3/promotion-assignments/{assignmentId}/redeem",
            lambda client: client.redeem_promotion(assignment, channel=channel),
        )

    def look(self, item: Item, subject: Redemption) -> Call | None:
        """Read the contact's assignments and see whether this one is redeemed.

        Where the contact is not known there is nothing to read; then a second redemption is harmless, because Engage
        answers it with `PromotionAlreadyRedeemed` [developer.voyado.com/en/promotions/redeem-a-promotion].
        """
        del item
        if subject.contact is None or subject.contact.engage_id is None:
            return None
        contact = EngageContactId(str(subject.contact.engage_id))
        wanted = str(subject.assignment_id)
        return Call("GET /api/v3/promotion-assignments", lambda client: _is_redeemed(client, contact, wanted))

    def settle(self, item: Item, subject: Redemption, call: Call, answer: Any) -> None:
        """Our copy of the assignment says so too."""
        del item, call, answer
        Assignment.objects.filter(pk=subject.assignment_id).update(redeemed=True)

    def refused(self, item: Item, subject: Redemption, call: Call, error: EngageError) -> None:
        """The caller knows that it was not used: the lock goes. Unless it had been used elsewhere."""
        del item, call
        used_elsewhere = error.error_code == ALREADY_REDEEMED
        Redemption.objects.filter(pk=subject.pk).delete()
        Assignment.objects.filter(pk=subject.assignment_id).update(redeemed=used_elsewhere)

    def given_up(self, item: Item, subject: Redemption) -> None:
        """The offer may be used again, unless Engage may have it as used."""
        if not item.was_in_doubt and item.reason_code != ALREADY_REDEEMED:
            Redemption.objects.filter(pk=subject.pk).delete()
            Assignment.objects.filter(pk=subject.assignment_id).update(redeemed=False)


def _is_redeemed(client: EngageClient, contact: EngageContactId, wanted: str) -> bool | None:
    listed = client.list_promotion_assignments(contact)
    return True if any(entry.id == wanted and entry.redeemed for entry in listed) else None
