"""Contacts in Engage's v3 language."""

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.flat import envelope
from contacts.models import Contact
from contacts.selectors import contact_by_id
from contacts.services import contact_create, contact_current, contact_fetch, contact_find, contact_update
from contacts.shapes import check_body
from engage_portal.api.idempotency import answered_once
from engage_portal.api.parsers import object_body
from engage_portal.api.schema import CONTACT, CONTACT_WRITE, ERRORS
from engage_portal.api.views import EngageView, aged, guid_or_refuse, store_for, text_or_refuse
from engage_portal.engage import Identifier, IdentifierKind, Rejected
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
            store=store_for(self.key, text_or_refuse(request, "storeExternalId", longest=100)),
            unapproved=request.query_params.get("createAsUnapproved", "").strip().lower() == "true",
            actor=self.key.name,
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
        store = store_for(self.key, "")
        written = contact_update(
            contact=contact, body=body, store=store, actor=self.key.name, deadline=self.deadline
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


def body_of(contact: Contact) -> dict[str, Any]:
    """A contact in Engage's envelope, with the changes that are still on their way."""
    flat = {**contact.snapshot, **contact.changes}
    return envelope(flat, contact_id=contact.public_id, contact_type=contact.contact_type)


def contact_or_404(contact_id: str, view: EngageView) -> Contact:
    """The contact of a `contactId` in a query, fetched where it was never seen. Raises Rejected, NotFound."""
    guid = guid_or_refuse(contact_id, code="InvalidContactId", name="contactId")
    return contact_by_id(guid) or contact_fetch(contact_id=guid, deadline=view.deadline).value
