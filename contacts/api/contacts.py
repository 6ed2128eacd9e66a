"""Contacts in Engage's v3 language."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api.asking import asked_by, body_of, contact_or_404
from contacts.selectors import contact_by_id
from contacts.services import (
    contact_change_type,
    contact_create,
    contact_current,
    contact_delete,
    contact_fetch,
    contact_find,
    contact_update,
)
from contacts.shapes import check_body
from engage_portal.api.idempotency import answered_once
from engage_portal.api.parsers import object_body
from engage_portal.api.schema import CONTACT, CONTACT_WRITE, ERRORS
from engage_portal.api.views import EngageView, aged, guid_or_refuse, text_or_refuse
from engage_portal.engage import Identifier, IdentifierKind, NotFound, Rejected
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
            source=text_or_refuse(request, "source", longest=60) or settings.ENGAGE_SOURCE,
            unapproved=request.query_params.get("createAsUnapproved", "").strip().lower() == "true",
            asked=asked_by(self, request),
            deadline=self.deadline,
        )
        return Response(body_of(written.contact), status=201 if written.is_live else 202)


class OneContact(EngageView):
    """`GET`, `PATCH` and `DELETE /api/v3/contacts/{contactId}`."""

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
        if known is not None and known.deleted_at is not None:
            known = None  # Engage says whether it was restored there
        # What differs is judged by the newest copy that can be had in time.
        read = contact_current(contact=known, deadline=self.deadline) if known else None
        contact = (read or contact_fetch(contact_id=guid, deadline=self.deadline)).value
        written = contact_update(
            contact=contact, body=body, asked=asked_by(self, request), deadline=self.deadline
        )
        return Response(body_of(written.contact), status=200 if written.is_live else 202)

    @extend_schema(
        operation_id="deleteContact",
        tags=["contacts"],
        parameters=[OpenApiParameter("source", description="Registered name of the source system.")],
        responses={200: None, 202: None, **ERRORS},
    )
    @answered_once
    def delete(self, request: Request, contact_id: str) -> Response:
        """Delete the contact in Engage, now or when it is back, and everything personal here at once."""
        if not self.key.may_delete_contacts:
            raise PermissionDenied("This API key may not delete contacts.")
        guid = guid_or_refuse(contact_id, code="InvalidContactId", name="contactId")
        known = contact_by_id(guid)
        if known is not None and known.deleted_at is not None:
            raise NotFound("The contact was deleted.", status=404, error_code="ContactNotFound")
        is_live = contact_delete(
            contact_id=known.pk if known else guid,
            source=text_or_refuse(request, "source", longest=60) or settings.ENGAGE_SOURCE,
            asked=asked_by(self, request),
            deadline=self.deadline,
        )
        return Response(status=200 if is_live else 202)


class ContactType(EngageView):
    """`POST /api/v3/contacts/{contactId}/updateContactType`."""

    @extend_schema(
        operation_id="updateContactType",
        tags=["contacts"],
        parameters=[
            OpenApiParameter("contactTypeId", required=True, description="The type's handle, such as Member.")
        ],
        request=None,
        responses={
            200: OpenApiResponse(CONTACT, "Changed in Engage."),
            202: OpenApiResponse(CONTACT, "Kept here; on its way to Engage."),
            **ERRORS,
        },
    )
    @answered_once
    def post(self, request: Request, contact_id: str) -> Response:
        """Give the contact another type. Send the data that the type needs first, with `PATCH`."""
        wanted = text_or_refuse(request, "contactTypeId", longest=40)
        if not wanted:
            raise Rejected("contactTypeId is missing.", status=400, error_code="InvalidContactType")
        written = contact_change_type(
            contact=contact_or_404(contact_id, self),
            contact_type=wanted,
            asked=asked_by(self, request),
            deadline=self.deadline,
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
