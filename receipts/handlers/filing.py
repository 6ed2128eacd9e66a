"""Receipts as records of a transactions file, which meets the same importer as Engage's API."""

from typing import cast

import msgspec
from django.conf import settings

from contacts.handlers import is_being_imported, not_known_yet
from contacts.models import KEY_FIELDS, Contact
from engage_portal.engage import payloads
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import FileRow, NotReadyError, UnsendableError
from receipts.handlers.sending import payload_sent
from receipts.models import Receipt


def filed(item: Item, receipt: Receipt) -> FileRow:
    """A receipt as a record. One file has one type of match key [developer.voyado.com, historical transactions].

    Raises NotReadyError where the key is nobody's in Engage yet: such a transaction would be ignored there.
    """
    payload = payload_sent(receipt)
    key = _key(item, receipt, payload)
    return FileRow(
        str(key.match_key_type),
        msgspec.structs.replace(payload, contact=key),
        lines=len(payload.items),
    )


def _key(item: Item, receipt: Receipt, payload: payloads.Receipt) -> payloads.ReceiptContact:
    if receipt.contact is not None:
        engage_id = receipt.contact.engage_id
        return _by_id(str(engage_id)) if engage_id else _by_key(receipt.contact)
    if payload.contact is None:
        raise UnsendableError("NobodysReceipt", "It names nobody: a guest's sale is never sent.")
    if item.stream.startswith("contact:") and receipt.match_contact_id is None:
        raise NotReadyError("Whose key it is, a change decides that Engage has to take first.")
    return payload.contact


def _by_id(contact_id: str) -> payloads.ReceiptContact:
    return payloads.ReceiptContact(match_key=contact_id, match_key_type="contactId")


def _by_key(contact: Contact) -> payloads.ReceiptContact:
    """Somebody born here, once Engage has had the time to import the file that creates them."""
    if contact.filed_at is None:
        raise not_known_yet(contact)
    if is_being_imported(contact):
        raise NotReadyError("Engage is still importing the contact.")
    key = getattr(contact, KEY_FIELDS[settings.ENGAGE_KEY])
    if not key:
        raise not_known_yet(contact)
    kind = cast("payloads.MatchKeyType", settings.ENGAGE_KEY)
    return payloads.ReceiptContact(match_key=key, match_key_type=kind, contact_type=contact.contact_type)
