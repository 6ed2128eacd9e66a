"""Contacts: look up, fetch, create, update, change type, delete, bulk, changes, history."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engage_portal.core.ids import BatchId, EngageContactId, parse_guid
from engage_portal.engage import operations as op
from engage_portal.engage.answers import Contact, Page, Transaction, listed
from engage_portal.engage.calls import Calls, Query, needed, optional, unusable
from engage_portal.engage.operations import Operation
from engage_portal.engage.wire import encode, lowered, text

BULK_LIMIT = 4000
"""Contacts per bulk call [developer.voyado.com/docs/contacts/bulk-contacts-api]."""

ChangeType = Literal["Created", "Updated", "Deleted"]


class IdentifierKind(enum.StrEnum):
    """By what a contact can be looked up; the values are Engage's parameter names.

    `ANY` is tried as e-mail, personal number, phone and custom key, and stops at the first kind for which
    the value is well formed, even if nobody has it
    [developer.voyado.com/docs/contacts/identify-contact/find-contact].
    """

    EMAIL = "email"
    MOBILE_PHONE = "mobilePhone"
    SOCIAL_SECURITY_NUMBER = "socialSecurityNumber"
    CUSTOM_KEY = "customKey"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a person said to be found by. The value is personal data and stays out of every repr."""

    kind: IdentifierKind
    value: str = field(repr=False)


class ContactCalls(Calls):
    """The part of the client that is about contacts. Every method raises `EngageError`."""

    def find_contact_id(self, identifier: Identifier, *, contact_type: str | None = None) -> EngageContactId:
        """The id of the one contact with this identifier.

        `NotFound` when nobody has it, `Conflict` with `candidates` when more than one has: the same key may
        exist once per contact type, so asking again with a type settles it
        [developer.voyado.com/docs/contacts/identify-contact/find-contact].
        """
        query = {str(identifier.kind): identifier.value, "contactType": contact_type}
        return EngageContactId(_guid(op.FIND_CONTACT_ID, self._ask(op.FIND_CONTACT_ID, query=query)))

    def get_contact(self, contact_id: EngageContactId) -> Contact:
        """One contact, by Engage's id."""
        body = self._ask(op.GET_CONTACT, ids={"contactId": contact_id})
        contact = _contact(needed(op.GET_CONTACT, body))
        if contact is None:
            raise unusable(op.GET_CONTACT)
        return contact

    def create_contact(
        self,
        attributes: Mapping[str, Any],
        *,
        source: str,
        store_external_id: str,
        unapproved: bool = False,
    ) -> Contact:
        """The contact as Engage created it. `attributes` is the flat form, `contactType` included.

        Not safe to repeat without a look-up. `Conflict` means the key is taken
        (`ApprovedContactWithKeyExists`) or is being taken this moment (`ContactWithKeyIsBeingCreated`):
        look up in both cases. An older description lets Engage answer an existing contact's bare id, which
        comes back as a contact that has nothing but its id
        [developer.voyado.com/docs/contacts/create-contact].
        """
        query = {
            "source": source,
            "storeExternalId": store_external_id,
            "createAsUnapproved": "true" if unapproved else None,
        }
        body = self._ask(op.CREATE_CONTACT, query=query, body=encode(attributes))
        contact = _contact(optional(body))
        if contact is None:
            only_id = _guid(op.CREATE_CONTACT, body)
            contact = Contact.read({"id": only_id})
        return contact

    def update_contact(self, contact_id: EngageContactId, *, changes: Mapping[str, Any]) -> Contact | None:
        """The changed contact, or None: 202 means success as much as 200, and then the body is not
        documented.

        Send only what changed: null and "" overwrite, unknown names are ignored without an error,
        `contactType` cannot be changed here [developer.voyado.com/docs/contacts/update-contact].
        """
        body = self._ask(op.UPDATE_CONTACT, ids={"contactId": contact_id}, body=encode(changes))
        return _contact(optional(body))

    def update_contact_type(self, contact_id: EngageContactId, *, contact_type: str) -> Contact | None:
        """The contact under its new type, or None when Engage answers without it (its body is not
        documented).

        Works only when the contact already holds all that the type requires, so send the data first. May be
        repeated [developer.voyado.com/docs/contacts/update-contact].
        """
        body = self._ask(
            op.UPDATE_CONTACT_TYPE, ids={"contactId": contact_id}, query={"contactTypeId": contact_type}
        )
        return _contact(optional(body))

    def delete_contact(self, contact_id: EngageContactId, *, source: str = "") -> None:
        """Delete; `NotFound` if absent or deleted before
        [developer.voyado.com/docs/contacts/delete-contact].
        """
        self._ask(op.DELETE_CONTACT, ids={"contactId": contact_id}, query={"source": source})

    def bulk_create_contacts(self, rows: Sequence[Mapping[str, Any]], *, contact_type: str | None) -> BatchId:
        """The id of a queued batch of 1 to 4000 creations of one type. It says nothing about single rows.

        Their ids never come back: look the contacts up afterwards
        [developer.voyado.com/docs/contacts/bulk-contacts-api].
        """
        return self._bulk(op.BULK_CREATE_CONTACTS, rows, {"contactType": contact_type})

    def bulk_update_contacts(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        contact_type: str | None,
        avoid_triggering_export: bool = False,
    ) -> BatchId:
        """The id of a queued batch of 1 to 4000 updates of one type. Empty values erase.

        `avoid_triggering_export` is allowed only when rows hold nothing but keys and non-standard fields;
        otherwise the whole import fails later, visible to people in Engage only
        [developer.voyado.com/docs/file-based-transfer/avoid-triggering-export].
        """
        avoid = "true" if avoid_triggering_export else None
        query = {"contactType": contact_type, "avoidTriggeringExport": avoid}
        return self._bulk(op.BULK_UPDATE_CONTACTS, rows, query)

    def _bulk(
        self, operation: Operation, rows: Sequence[Mapping[str, Any]], query: Mapping[str, str | None]
    ) -> BatchId:
        """Send the bare array of rows and read the batch id: a JSON string, with an object or plain text
        tolerated.
        """
        if not 1 <= len(rows) <= BULK_LIMIT:
            raise ValueError(f"A bulk call takes 1 to {BULK_LIMIT} contacts, not {len(rows)}")
        body = self._ask(operation, query=query, body=encode(list(rows)))
        found = optional(body)
        batch_id = found if isinstance(found, str) else text(found, "batchId", "id")
        batch_id = batch_id or _bare_guid(body)
        if not batch_id:
            raise unusable(operation)
        return BatchId(batch_id)

    def bulk_status(self, batch_id: BatchId) -> Mapping[str, Any]:
        """Whatever Engage says about a batch; its members are not documented. `NotFound`: unknown batch."""
        found = needed(op.BULK_STATUS, self._ask(op.BULK_STATUS, query={"batchId": batch_id}))
        return found if isinstance(found, Mapping) else {"status": found}

    def list_changed_contacts(
        self, change_type: ChangeType, *, since: datetime, until: datetime | None = None
    ) -> list[EngageContactId]:
        """Ids of contacts created, updated or deleted in a window, each once. All come at once, up to 250
        000.

        Engage takes wall-clock time without a zone and does not say whose: what `since` and `until` show is
        sent as it is, so convert to the tenant's zone first and let windows overlap by some minutes.
        `Rejected`: too many, narrow the window. `AuthFailed` or `NotFound`: the feature may not be switched
        on [developer.voyado.com/docs/contacts/bulk-contacts-api].
        """
        query = {
            "changeType": change_type,
            "fromDate": _wall_clock(since),
            "toDate": _wall_clock(until) if until else None,
        }
        ids = (
            (each if isinstance(each, str) else text(each, "id", "contactId") or "").strip().lower()
            for each in listed(self._ask_list(op.LIST_CHANGED_CONTACTS, query=query))
        )
        return [EngageContactId(each) for each in dict.fromkeys(ids) if each]

    def list_transactions(
        self, contact_id: EngageContactId, *, offset: int = 0, count: int = 100
    ) -> Page[Transaction]:
        """A page of purchases and returns, mixed. A receipt can take an hour to appear [SDK
        TransactionItem].
        """
        query: Query = {"contactId": contact_id, "offset": offset, "count": count}
        body = self._ask_list(op.LIST_TRANSACTIONS, query=query)
        return Page.read(body, Transaction.read, offset=offset, count=count)

    def count_contacts(self) -> int:
        """How many approved contacts there are, about 20 minutes old: the natural connection test.

        [developer.voyado.com/en/api/api-authentication.html]
        """
        found = needed(op.COUNT_CONTACTS, self._ask(op.COUNT_CONTACTS))
        try:
            return int(found)
        except (TypeError, ValueError):
            raise unusable(op.COUNT_CONTACTS) from None


def _contact(found: Any) -> Contact | None:
    """The contact in an answer, if it is one."""
    return Contact.read(found) if isinstance(found, Mapping) and lowered(found, "id") else None


def _guid(operation: Operation, body: bytes | None) -> str:
    """An id in lower case from a bare JSON string (code in production), an object with `id` (the guides) or
    bare text.
    """
    found = optional(body)
    contact_id = found if isinstance(found, str) else text(found, "id", "contactId")
    contact_id = (contact_id or _bare_guid(body)).strip().lower()
    if parse_guid(contact_id) is None:
        raise unusable(operation)
    return contact_id


def _bare_guid(body: bytes | None) -> str:
    """A GUID that came without the quotes that JSON asks for, or nothing."""
    try:
        found = (body or b"").decode("ascii").strip()
    except UnicodeDecodeError:
        return ""
    return found if parse_guid(found) else ""


def _wall_clock(moment: datetime) -> str:
    """yyyy-MM-dd HH:mm:ss.fff, which only this endpoint uses."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
