"""What a till needs to know about the person in front of it, in one answer and within its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contacts.models import Contact
from contacts.selectors import contact_by_id
from contacts.services import contact_fetch, contact_find
from contacts.snapshots import OUTAGES, Want, contact_as_read, contact_want, read_together
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.engage import Identifier, NotFound
from promotions.services.offers import offers_want_since
from promotions.services.voucher_copy import vouchers_want_since

CONTACT, OFFERS, VOUCHERS = "contact", "offers", "vouchers"
_WORST_LAST = (Freshness.LIVE, Freshness.CACHED, Freshness.STALE, Freshness.NONE)


@dataclass(frozen=True, slots=True)
class Checkout:
    """Somebody at the till, and how new each part of what we know is."""

    contact: Contact | None
    """None where nobody was found, or Engage is away and our copy does not know."""
    is_known_nobody: bool
    """Whether Engage said that nobody has the identifier."""
    parts: Mapping[str, Read[None]]

    @property
    def freshness(self) -> Freshness:
        """That of the oldest part; of nobody NONE."""
        found = [read.freshness for read in self.parts.values()]
        return max(found, key=_WORST_LAST.index) if found else Freshness.NONE

    @property
    def fetched_at(self) -> datetime | None:
        """When the oldest part came from Engage."""
        times = [read.fetched_at for read in self.parts.values() if read.fetched_at]
        return min(times) if times else None


def checkout(*, identifier: Identifier | UUID, contact_type: str | None, deadline: Deadline) -> Checkout:
    """Find somebody and bring what a till needs up to date, all parts at once, within the deadline.

    Raises Conflict where several people match, and Rejected for an identifier that is none.
    """
    try:
        contact = _found(identifier, contact_type, deadline)
        parts = read_together(contact=contact, wants=_wants(contact), deadline=deadline)
    except NotFound:
        return Checkout(None, is_known_nobody=True, parts={})
    except OUTAGES:
        return Checkout(None, is_known_nobody=False, parts={})
    return Checkout(contact_as_read(contact, parts[CONTACT]).value, is_known_nobody=False, parts=parts)


def _found(identifier: Identifier | UUID, contact_type: str | None, deadline: Deadline) -> Contact:
    if isinstance(identifier, Identifier):
        return contact_find(
            identifier=identifier, contact_type=contact_type, deadline=deadline, is_read_next=True
        ).value
    known = contact_by_id(identifier)
    if known is not None and known.deleted_at is None:
        return known
    return contact_fetch(contact_id=identifier, deadline=deadline).value


def _wants(contact: Contact) -> dict[str, Want]:
    listed = Contact.objects.filter(pk=contact.pk).values_list(
        "offers__fetched_at", "voucher_list__fetched_at"
    )
    offers_at, vouchers_at = listed.get()
    return {
        CONTACT: contact_want(contact),
        OFFERS: offers_want_since(contact, offers_at),
        VOUCHERS: vouchers_want_since(contact, vouchers_at),
    }
