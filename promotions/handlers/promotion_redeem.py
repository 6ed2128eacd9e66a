"""How redemptions of promotions reach Engage."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from engage_portal.core.ids import AssignmentId, EngageContactId, parse_guid
from engage_portal.engage import EngageClient, EngageError
from engage_portal.engage.xml import FileType
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, FileRow, Handler, ReadBack
from engage_portal.outbox.services import confirm_items
from promotions.filing import filed
from promotions.handlers.whose import is_from_before, refuse_one_from_before, with_a_look
from promotions.kinds import REDEEM
from promotions.models import Assignment, Redemption
from promotions.services.redeeming import ALREADY_REDEEMED, may_be_used, redemption_forget
from promotions.services.trust import is_refused, trust_confirmed, trust_give_back, trust_refused


class PromotionRedeem(Handler[Redemption]):
    """Redeem an assignment by its id, never by the template's."""

    kind = REDEEM
    label = "Redemption"
    priority = 20
    file_type = FileType.REDEEMED_PROMOTIONS
    is_read_back = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Redemption]:
        """The redemptions of the batch."""
        return Redemption.objects.select_related("contact__same_as").in_bulk(subject_ids)

    def request(self, item: Item, subject: Redemption) -> Call:
        """`POST /api/v3/promotion-assignments/{assignmentId}/redeem`."""
        assignment, channel = AssignmentId(str(subject.assignment_id)), subject.channel
        call = Call(
            "POST /api/v3/promotion-assignments/{assignmentId}/redeem",
            lambda client: client.redeem_promotion(assignment, channel=channel),
        )
        return with_a_look(call, self.look(item, subject)) if item.was_in_doubt else call

    def file_row(self, item: Item, subject: Redemption) -> FileRow | None:
        """A record with the assignment's id."""
        return filed(item, subject)

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        """After a file: `GET /api/v3/promotion-assignments`, once for all redemptions of a contact."""
        subjects = self.load({item.subject_id for item in items})
        groups: dict[EngageContactId, list[Item]] = defaultdict(list)
        for item in items:
            contact = subjects[item.subject_id].contact if item.subject_id in subjects else None
            if contact is not None and contact.engage_id is not None:
                groups[EngageContactId(str(contact.engage_id))].append(item)
        for contact_id, mine in groups.items():
            yield ReadBack(tuple(mine), _redeemed_of(contact_id))

    def keep(self, back: ReadBack, answer: Mapping[UUID | None, datetime | None]) -> None:
        """What Engage lists as redeemed has arrived, unless it had been used elsewhere before."""
        subjects = self.load({item.subject_id for item in back.items})
        seen = {
            item.pk: subject
            for item in back.items
            if (subject := subjects.get(item.subject_id)) and _is_listed(subject, answer)
        }
        trust_confirmed(*seen.values())
        confirm_items(pks=list(seen), seen_in="Engage's list of promotions")

    def look(self, item: Item, subject: Redemption) -> Call | None:
        """Read the contact's assignments and see whether this one is redeemed, and by us.

        Where the contact is not known there is nothing to read; then a second redemption is harmless, because Engage
        answers it with `PromotionAlreadyRedeemed` [developer.voyado.com/en/promotions/redeem-a-promotion].
        """
        del item
        if subject.contact is None or subject.contact.engage_id is None:
            return None
        contact = EngageContactId(str(subject.contact.engage_id))
        return Call(
            "GET /api/v3/promotion-assignments", lambda client: _is_redeemed(client, contact, subject)
        )

    def settle(self, item: Item, subject: Redemption, call: Call, answer: Any) -> None:
        """Our copy of the assignment says so too."""
        del item, call, answer
        trust_confirmed(subject)
        # Mostly it does since the use was accepted. Then its row is not waited for: whoever keeps a new list holds it
        # after the contact's, which the rest of a batch may hold.
        Assignment.objects.filter(pk=subject.assignment_id, redeemed=False).update(redeemed=True)

    def refused(self, item: Item, subject: Redemption, call: Call, error: EngageError) -> None:
        """The caller knows that it was not used: the lock goes. Unless it had been used elsewhere."""
        del item, call
        redemption_forget(subject)
        trust_give_back(subject)
        if error.error_code == ALREADY_REDEEMED:
            Assignment.objects.filter(pk=subject.assignment_id).update(redeemed=True)

    def given_up(self, item: Item, subject: Redemption) -> None:
        """The offer may be used again, unless Engage may have it as used. What it refused was given all the same."""
        if is_refused(item):
            trust_refused(subject)
        elif not may_be_used(item):
            trust_give_back(subject)
        if not may_be_used(item):
            redemption_forget(subject)


def _redeemed_of(contact: EngageContactId) -> Call:
    return Call("GET /api/v3/promotion-assignments", lambda client: _redeemed(client, contact))


def _redeemed(client: EngageClient, contact: EngageContactId) -> dict[UUID | None, datetime | None]:
    """What Engage lists as redeemed, with when."""
    listed = client.list_promotion_assignments(contact)
    return {parse_guid(entry.id): entry.redeemed_on for entry in listed if entry.redeemed}


def _is_listed(redemption: Redemption, redeemed: Mapping[UUID | None, datetime | None]) -> bool:
    """Whether what Engage lists as redeemed has this use."""
    used = redemption.assignment_id
    return used in redeemed and not is_from_before(redeemed[used], redemption.accepted_at)


def _is_redeemed(client: EngageClient, contact: EngageContactId, redemption: Redemption) -> bool | None:
    redeemed = _redeemed(client, contact)
    if redemption.assignment_id not in redeemed:
        return None
    at = redeemed[redemption.assignment_id]
    refuse_one_from_before(at, redemption.accepted_at, error_code=ALREADY_REDEEMED)
    return True
