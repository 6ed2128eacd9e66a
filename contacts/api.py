"""Contacts in Engage's v3 language."""

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.flat import envelope
from contacts.merging import moment
from contacts.models import Contact
from contacts.selectors import contact_by_id
from contacts.services import (
    Asked,
    contact_create,
    contact_current,
    contact_fetch,
    contact_find,
    contact_update,
)
from contacts.shapes import check_body
from engage_portal.api.idempotency import answered_once
from engage_portal.api.parsers import object_body
from engage_portal.api.schema import CONTACT, CONTACT_WRITE, ERRORS
from engage_portal.api.views import EngageView, aged, guid_or_refuse, store_for, text_or_refuse
from engage_portal.core import clock
from engage_portal.engage import FieldError, Identifier, IdentifierKind, Rejected
from engage_portal.outbox.line import door

_LONGEST_KEY = 254


class FindContactId(EngageView):
    """`GET /api/v3/contacts/id`."""

    @extend_schema(
        operation_id="findContactId",
        tags=["contacts"],
        parameters=[
            *[OpenApiParameter(str(kind), description="Exactly one identifier.") for kind in IdentifierKind],
            OpenApiParameter("contactType", description="Look only within this type."),
        ],
        responses={200: OpenApiTypes.UUID, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The contact id as a bare JSON string, as Engage answers it."""
        values = {kind: text_or_refuse(request, kind, longest=_LONGEST_KEY) for kind in IdentifierKind}
        given = [kind for kind in IdentifierKind if values[kind]]
        if len(given) != 1:
            raise Rejected(
                "Send exactly one of " + ", ".join(str(kind) for kind in IdentifierKind) + ".",
                status=400,
                error_code="InvalidSearchQuery",
            )
        identifier = Identifier(given[0], values[given[0]])
        contact_type = text_or_refuse(request, "contactType", longest=40) or None
        read = contact_find(identifier=identifier, contact_type=contact_type, deadline=self.deadline)
        return aged(read.value.public_id, read)


class Contacts(EngageView):
    """`POST /api/v3/contacts`."""

    @extend_schema(
        operation_id="createContact",
        tags=["contacts"],
        parameters=[
            OpenApiParameter("source", description="Registered name of the source system."),
            OpenApiParameter("storeExternalId", description="Recruiting store."),
            OpenApiParameter("createAsUnapproved", enum=["true", "false"]),
        ],
        request={"application/json": CONTACT_WRITE},
        responses={
            201: OpenApiResponse(CONTACT, "Created in Engage."),
            202: OpenApiResponse(CONTACT, "Kept here; on its way to Engage. The id stays valid."),
            **ERRORS,
        },
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Create a contact: 201 from Engage, or 202 while Engage is away."""
        body = object_body(request)
        check_body(body)
        written = contact_create(
            body=body,
            source=text_or_refuse(request, "source", longest=60) or settings.ENGAGE_SOURCE[:60],
            unapproved=request.query_params.get("createAsUnapproved", "").strip().lower() == "true",
            asked=asked_by(self, request),
            deadline=self.deadline,
        )
        return Response(body_of(written.contact), status=201 if written.is_live else 202)


class OneContact(EngageView):
    """`GET` and `PATCH /api/v3/contacts/{contactId}`."""

    @extend_schema(operation_id="getContact", tags=["contacts"], responses={200: CONTACT, **ERRORS})
    def get(self, request: Request, contact_id: str) -> Response:
        """The contact, from the local copy while it is fresh, else from Engage, else as it was."""
        del request
        guid = guid_or_refuse(contact_id, code="InvalidContactId", name="contactId")
        read = contact_fetch(contact_id=guid, deadline=self.deadline)
        return aged(body_of(read.value), read)

    @extend_schema(
        operation_id="updateContact",
        tags=["contacts"],
        request={"application/json": CONTACT_WRITE},
        responses={
            200: OpenApiResponse(CONTACT, "Changed in Engage."),
            202: OpenApiResponse(CONTACT, "Kept here; on its way to Engage."),
            **ERRORS,
        },
    )
    @answered_once
    def patch(self, request: Request, contact_id: str) -> Response:
        """Change what is sent, and nothing else. `contactType` cannot be changed here and is ignored."""
        guid = guid_or_refuse(contact_id, code="InvalidContactId", name="contactId")
        body = object_body(request)
        check_body(body)
        known = contact_by_id(guid)
        # What differs is judged by the newest copy that can be had in time.
        read = contact_current(contact=known, deadline=self.deadline) if known else None
        contact = (read or contact_fetch(contact_id=guid, deadline=self.deadline)).value
        written = contact_update(
            contact=contact, body=body, asked=asked_by(self, request), deadline=self.deadline
        )
        return Response(body_of(written.contact), status=200 if written.is_live else 202)


class CountContacts(EngageView):
    """`GET /api/v2/contacts/count`: the usual connection test."""

    @extend_schema(
        operation_id="countContacts", tags=["diagnostics"], responses={200: OpenApiTypes.INT, **ERRORS}
    )
    def get(self, request: Request) -> Response:
        """Engage's number of contacts; 503 while Engage is away."""
        del request
        return Response(door.ask(lambda client: client.count_contacts(), deadline=self.deadline))


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
