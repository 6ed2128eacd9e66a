"""What the operations about contacts share: who asks, and how a contact looks in an answer."""

from typing import Any

from rest_framework.request import Request

from contacts.flat import envelope
from contacts.merging import moment
from contacts.models import Contact
from contacts.selectors import contact_by_id
from contacts.services import Asked, contact_fetch
from engage_portal.api.views import EngageView, guid_or_refuse, store_for, text_or_refuse
from engage_portal.core import clock
from engage_portal.engage import FieldError, Rejected


def asked_by(view: EngageView, request: Request) -> Asked:
    """Who asked the person, where and when: `storeExternalId`, `source`, `answeredAt` of the query.

    `answeredAt` is ours, for tills that were offline: ISO 8601 with an offset. Raises Rejected where it is none.
    """
    text = text_or_refuse(request, "answeredAt", longest=40)
    at = moment(text)
    if text and at is None:
        problem = FieldError(
            "answeredAt", "must be a time with its offset, such as 2026-11-21T10:14:00+01:00"
        )
        raise Rejected(
            f"{problem.field} {problem.description}",
            status=422,
            error_code="ValidationError",
            field_errors=(problem,),
        )
    return Asked(
        actor=view.key.name,
        store=store_for(view.key, text_or_refuse(request, "storeExternalId", longest=100)),
        channel=text_or_refuse(request, "source", longest=60),
        at=min(at, clock.now()) if at else clock.now(),
    )


def body_of(contact: Contact) -> dict[str, Any]:
    """A contact in Engage's envelope, with the changes that are still on their way."""
    flat = {**contact.snapshot, **contact.changes}
    return envelope(flat, contact_id=contact.public_id, contact_type=contact.contact_type)


def contact_or_404(contact_id: str, view: EngageView) -> Contact:
    """The contact of a `contactId` in a query, fetched where it was never seen. Raises Rejected, NotFound."""
    guid = guid_or_refuse(contact_id, code="InvalidContactId", name="contactId")
    return contact_by_id(guid) or contact_fetch(contact_id=guid, deadline=view.deadline).value
