"""Whose a receipt is: by Engage's id wherever that is known, by a personal key only until then."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from django.conf import settings
from django.db.models import Q

from contacts.keys import normalised
from contacts.models import KEY_FIELDS, Contact
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import (
    AuthFailed,
    Conflict,
    EngageClient,
    Identifier,
    IdentifierKind,
    NotFound,
    payloads,
)
from engage_portal.engage import Contact as EngageContact
from receipts.models import Receipt

_NOBODY = "00000000-0000-0000-0000-000000000000"
IDENTIFIERS = {
    "email": IdentifierKind.EMAIL,
    "mobilePhone": IdentifierKind.MOBILE_PHONE,
    "socialSecurityNumber": IdentifierKind.SOCIAL_SECURITY_NUMBER,
    "memberNumber": IdentifierKind.CUSTOM_KEY,
    "externalId": IdentifierKind.CUSTOM_KEY,
}
"""Engage's names of personal keys → how Engage is asked for them."""


@dataclass(frozen=True, slots=True)
class PersonalKey:
    """A key that a till gave in place of an id. Engage looks only inside its type."""

    kind: str
    """Engage's name of the key: `email`, `memberNumber`."""
    identifier: Identifier
    contact_type: str

    @property
    def calls(self) -> int:
        """How many calls it takes to ask for its owner."""
        return 2 if self._may_be_another_key else 1

    @property
    def _may_be_another_key(self) -> bool:
        return self.identifier.kind is IdentifierKind.CUSTOM_KEY

    def owner(self, client: EngageClient) -> EngageContactId | None:
        """Who has it in Engage; None where Engage cannot be asked for such a key. For a thread: no database.

        A custom key is whichever one the tenant chose, so whom Engage names has to have this one, too; else nothing is
        known [developer.voyado.com/docs/contacts/identify-contact/find-contact]. Raises NotFound and Conflict where
        Engage says in its own words that nobody or several have it, and every error of the network.
        """
        try:
            found = client.find_contact_id(self.identifier, contact_type=self.contact_type)
            return found if not self._may_be_another_key or self._is_of(client.get_contact(found)) else None
        except (NotFound, Conflict) as error:
            if self._may_be_another_key or not error.error_code:
                return None
            raise
        except AuthFailed as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return None

    def _is_of(self, contact: EngageContact) -> bool:
        return str(contact.attributes.get(self.kind, "")).strip() == self.identifier.value.strip()


def personal_key(receipt: Receipt) -> PersonalKey | None:
    """The personal key that a receipt still has; None where it names nobody, or somebody by id."""
    key = payloads.decode_receipt(receipt.body.encode()).contact
    kind = IDENTIFIERS.get(str(key.match_key_type)) if key else None
    if key is None or kind is None:
        return None
    return PersonalKey(str(key.match_key_type), Identifier(kind, key_as_sent(key).match_key), type_of(key))


def filed_key(contact: Contact) -> PersonalKey | None:
    """The key by which files of ours name somebody born here; None before the first, and for whoever was forgotten."""
    key = getattr(contact, KEY_FIELDS[settings.ENGAGE_KEY])
    if contact.filed_at is None or not key:
        return None
    kind = settings.ENGAGE_KEY
    return PersonalKey(kind, Identifier(IDENTIFIERS[kind], key), contact.contact_type)


def type_of(key: payloads.ReceiptContact) -> str:
    """The contact type of a match key: a member unless it says otherwise."""
    return key.contact_type if isinstance(key.contact_type, str) else "Member"


def key_as_sent(key: payloads.ReceiptContact) -> payloads.ReceiptContact:
    """A personal key written as Engage keeps it, phones as E.164; and inside a type, which Engage's reference asks for.

    [developer.voyado.com/docs/transactions/field-definitions]
    """
    kind = str(key.match_key_type)
    if kind == "contactId":
        return key
    value = normalised(KEY_FIELDS[kind], key.match_key) if kind in KEY_FIELDS else key.match_key
    return payloads.ReceiptContact(
        match_key=value, match_key_type=key.match_key_type, contact_type=type_of(key)
    )


def is_tagged(receipt: Receipt, contact_id: str = "") -> bool:
    """Whether a receipt names its contact by an id, or by this very id. Read off its canonical text: it is long."""
    named = f'"matchKey":"{contact_id}",' if contact_id else ""
    return f'{named}"matchKeyType":"contactId"' in receipt.body


def receipt_tied(receipt: Receipt, contact: Contact) -> None:
    """The personal key of a receipt turned out to mean this contact: the key has done its work. May run twice."""
    if receipt.contact_id is None and personal_key(receipt) is not None:
        receipt.contact = contact
        receipt.save(update_fields=["contact"])
    receipts_tagged([receipt])


def receipt_given(receipt: Receipt, contact: Contact) -> None:
    """It is certain now whose a receipt is, whomever our copy took for its owner: its key has done its work."""
    if receipt.contact_id != contact.pk:
        receipt.contact = contact
        receipt.save(update_fields=["contact"])
    receipts_tagged([receipt])


def receipts_tagged(receipts: Iterable[Receipt]) -> None:
    """Once Engage has receipts, and knows whose they are, forget their personal keys. May run twice."""
    changed = []
    for receipt in receipts:
        if not is_tagged(receipt):
            payload = payloads.decode_receipt(receipt.body.encode())
            known = receipt.contact.public_id if receipt.contact else _NOBODY
            receipt.body = payloads.encode_receipt(tagged_by_id(payload, known)).decode()
            changed.append(receipt)
    Receipt.objects.bulk_update(changed, ["body"])


def untagged(body: str) -> str:
    """A kept receipt that names nobody: where it has not left yet, Engage takes it in and ties it to nobody either."""
    return payloads.encode_receipt(tagged_by_id(payloads.decode_receipt(body.encode()), _NOBODY)).decode()


def receipts_naming(keys: Collection[str], *, contact_types: Collection[str]) -> list[Receipt]:
    """The receipts that came with one of these keys, for somebody of these types, and were not tied to anybody.

    Personal keys are blanked once a receipt has arrived, so those that still have one are few, and all are read.
    """
    wanted = {_folded(key) for key in keys}
    personal = Q(*[("body__contains", f'"matchKeyType":"{kind}"') for kind in KEY_FIELDS], _connector=Q.OR)
    named = Q(*[("body__icontains", key) for key in keys if parse_guid(key)], _connector=Q.OR)
    rows = Receipt.objects.filter(personal | named, contact=None)
    types = {_folded(each) for each in contact_types}
    return [row for row in rows.iterator() if _names(row, wanted, types)]


def _names(receipt: Receipt, wanted: Collection[str], types: Collection[str]) -> bool:
    key = payloads.decode_receipt(receipt.body.encode()).contact
    if key is None:
        return False
    column = KEY_FIELDS.get(str(key.match_key_type), "")
    if column and type_of(key).casefold() not in types:
        return False  # another person, who has the same key
    return _folded(normalised(column, key.match_key)) in wanted


def _folded(key: str) -> str:
    return key.strip().casefold()


def tagged_by_id(payload: payloads.Receipt, contact_id: str) -> payloads.Receipt:
    """The same receipt, matched by Engage's contact id instead of a personal key."""
    key = payloads.ReceiptContact(match_key=contact_id, match_key_type="contactId")
    return msgspec.structs.replace(payload, contact=key)
