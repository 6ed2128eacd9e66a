"""Our copy of a contact's vouchers: all of them, kept as Engage lists them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from contacts.models import Contact
from contacts.snapshots import Want, read_through
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Read
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import EngageClient, RewardVoucher
from engage_portal.engage.wire import encode
from engage_portal.outbox.models import Item
from promotions.kinds import VOUCHER_REACTIVATE, VOUCHER_REDEEM
from promotions.models import Voucher, VoucherSnapshot, VoucherUse

_PER_CALL = 100
_MOST_CALLS = 5
_LIST_LAGS = timedelta(minutes=1)
"""How much older than our redemption what Engage lists might be."""


def vouchers_current(*, contact: Contact, deadline: Deadline) -> Read[None]:
    """Make our copy of a contact's vouchers fresh where that is needed and possible; then read it with the selectors.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    return read_through(contact=contact, want=vouchers_want(contact), deadline=deadline)


def vouchers_asked(*, contact: Contact, deadline: Deadline) -> None:
    """Bring our copy up to date however young it is, where Engage answers in time; else it stays as it is.

    Raises NotFound where Engage no longer has the contact; never another EngageError.
    """
    read_through(contact=contact, want=vouchers_want_since(contact, None), deadline=deadline)


def vouchers_want(contact: Contact) -> Want:
    """A contact's vouchers, for `read_through` and `read_together`."""
    fetched_at = VoucherSnapshot.objects.filter(contact=contact).values_list("fetched_at", flat=True)
    return vouchers_want_since(contact, fetched_at.first())


def vouchers_want_since(contact: Contact, fetched_at: datetime | None) -> Want:
    """The same where it is known already when Engage listed them."""
    asked_at = clock.now()
    return Want(
        fetched_at,
        _every_voucher,
        lambda vouchers: vouchers_store(contact=contact, vouchers=vouchers, as_of=asked_at),
    )


def _every_voucher(client: EngageClient, contact_id: EngageContactId) -> list[RewardVoucher]:
    """All pages: one, but for people with more than a hundred vouchers."""
    found: list[RewardVoucher] = []
    for _ in range(_MOST_CALLS):
        page = client.list_vouchers(contact_id, offset=len(found), count=_PER_CALL)
        found += page.items
        if not page.has_more:
            break
    return found


@transaction.atomic
def vouchers_store(*, contact: Contact, vouchers: Sequence[RewardVoucher], as_of: datetime) -> datetime:
    """Keep Engage's answer to a question that left at `as_of`. Uses that are still on their way stand apart from it."""
    Contact.objects.select_for_update().get(pk=contact.pk)
    # What has no id cannot be redeemed; what is listed twice is one.
    listed = {guid: entry for entry in vouchers if (guid := parse_guid(entry.id))}
    Voucher.objects.filter(contact=contact).exclude(pk__in=listed).delete()
    Voucher.objects.bulk_create(
        [
            Voucher(
                pk=guid,
                contact=contact,
                redeemed=entry.redeemed,
                redeemed_on=entry.redeemed_on,
                valid_from=entry.valid_from,
                expires_on=entry.expires_on,
                raw=encode(entry.raw).decode(),
                position=position,
            )
            for position, (guid, entry) in enumerate(listed.items())
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["contact", "redeemed", "redeemed_on", "valid_from", "expires_on", "raw", "position"],
    )
    _release([guid for guid, entry in listed.items() if not entry.redeemed], as_of=as_of)
    fetched_at = clock.now()
    VoucherSnapshot.objects.update_or_create(contact=contact, defaults={"fetched_at": fetched_at})
    return fetched_at


def _release(unused: Sequence[UUID], *, as_of: datetime) -> None:
    """What Engage lists as unused long after it took our redemption was made usable again there, not through here."""
    uses = VoucherUse.objects.filter(voucher_id__in=unused, released_at__isnull=True).values_list(
        "pk", flat=True
    )
    pks = list(uses)
    if not pks:
        return
    ours = Item.objects.filter(kind__in=[VOUCHER_REDEEM, VOUCHER_REACTIVATE], subject_id__in=pks)
    finished = dict(ours.order_by("pk").values_list("subject_id", "finished_at"))
    # An item that settled long ago is no longer kept.
    settled = [
        pk for pk in pks if (at := finished.get(pk, as_of - _LIST_LAGS * 2)) and at < as_of - _LIST_LAGS
    ]
    VoucherUse.objects.filter(pk__in=settled).update(released_at=clock.now())
