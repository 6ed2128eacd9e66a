"""How receipts reach Engage."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from contacts.handlers import not_known_yet
from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import EngageClient, Page, Transaction, payloads
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    Call,
    Handler,
    NotReadyError,
    ReadBack,
    Settled,
    UnsendableError,
    register,
)
from engage_portal.outbox.states import State
from receipts.history import HISTORY_COUNT
from receipts.models import Receipt
from receipts.numbered import history_store
from receipts.services import POST
from receipts.stores import stores_want, unlisted_as_of, with_unlisted
from receipts.tagging import PersonalKey, is_tagged, personal_key, receipt_tied, receipts_tagged, tagged_by_id


class ReceiptPost(Handler[Receipt]):
    """Post a receipt; repeating is safe, because Engage drops a `uniqueReceiptId` that it knows.

    Engage imports receipts later and tells nobody what became of them, so a 2xx means accepted, not delivered
    [developer.voyado.com/en/receipts/introduction-to-receipts].
    """

    kind = POST
    label = "Receipt"
    priority = 40
    success = State.ACCEPTED
    is_read_back = may_stay_unseen = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Receipt]:
        """The receipts of the batch with their contacts, and with whether Engage has their stores; in one query."""
        return with_unlisted(Receipt.objects.select_related("contact__same_as")).in_bulk(subject_ids)

    def request(self, item: Item, subject: Receipt) -> Call:
        """`POST /api/v3/receipts`, tagged with Engage's contact id wherever that is known."""
        _hold_unknown_store(item, subject)
        body = subject.body.encode()
        if subject.contact is not None:
            engage_id = subject.contact.engage_id
            if engage_id is None:
                raise not_known_yet(subject.contact)
            if not is_tagged(subject, str(engage_id)):
                payload = tagged_by_id(payloads.decode_receipt(body), str(engage_id))
                body = payloads.encode_receipt(payload)
        return Call("POST /api/v3/receipts", lambda client: client.post_receipt(body))

    def settle(self, item: Item, subject: Receipt, call: Call, answer: Any) -> None:
        """Where the contact is known, the personal key has done its work; else it is needed to read back."""
        self.settle_all([Settled(item, subject, call, answer)])

    def settle_all(self, settled: Sequence[Settled[Receipt]]) -> None:
        """The same for a batch, in one query."""
        receipts_tagged(
            each.subject
            for each in settled
            if each.subject.contact is not None or not settings.OUTBOX_CONFIRM_HOURS
        )

    def given_up(self, item: Item, subject: Receipt) -> None:
        """The sale is not sent; that is known for longer than the queue remembers its item."""
        del item
        Receipt.objects.filter(pk=subject.pk).update(given_up_at=clock.now())

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        """`GET /api/v3/contacts/transactions` of each contact: one tells about all of that contact's receipts."""
        receipts = self.load({item.subject_id for item in items})
        groups: dict[EngageContactId | PersonalKey, list[Item]] = defaultdict(list)
        for item in items:
            receipt = receipts.get(item.subject_id)
            if receipt is not None and (whose := _whose(receipt)):
                groups[whose].append(item)
        for whose, mine in groups.items():
            yield ReadBack(tuple(mine), _history_of(whose))

    def keep(self, back: ReadBack, answer: tuple[EngageContactId, Page[Transaction]]) -> None:
        """Keep the history, which confirms what it lists, and tie receipts to the contact that their key meant."""
        engage_id, page = answer
        contact, _ = Contact.objects.get_or_create(
            engage_contact_id=UUID(engage_id), defaults={"pk": UUID(engage_id)}
        )
        for receipt in self.load({item.subject_id for item in back.items}).values():
            receipt_tied(receipt, contact)
        history_store(contact=contact, page=page)


def _hold_unknown_store(item: Item, receipt: Receipt) -> None:
    """Engage would make up a store. A list from before it was queued, or last sent again by hand, proves nothing."""
    as_of = unlisted_as_of(receipt)
    if as_of is None:
        return
    if as_of < item.first_due_at:
        stores_want()
        raise NotReadyError("Engage is asked whether it has this store.")
    raise UnsendableError(
        "UnknownStore",
        f"storeExternalId: Engage has no store {receipt.store}, and would make one up. Add it in Engage, "
        "then send this again.",
    )


def _whose(receipt: Receipt) -> EngageContactId | PersonalKey | None:
    """Engage's id where we know it, else the personal key that came with the receipt."""
    engage_id = receipt.contact.engage_id if receipt.contact else receipt.match_contact_id
    return EngageContactId(str(engage_id)) if engage_id else personal_key(receipt)


def _history_of(whose: EngageContactId | PersonalKey) -> Call:
    return Call(
        "GET /api/v3/contacts/transactions",
        lambda client: _found_history(client, whose),
        calls=2 if isinstance(whose, PersonalKey) else 1,
    )


def _found_history(
    client: EngageClient, whose: EngageContactId | PersonalKey
) -> tuple[EngageContactId, Page[Transaction]]:
    engage_id = whose if isinstance(whose, str) else _found(client, whose)
    return engage_id, client.list_transactions(engage_id, count=HISTORY_COUNT)


def _found(client: EngageClient, key: PersonalKey) -> EngageContactId:
    return client.find_contact_id(key.identifier, contact_type=key.contact_type)


register(ReceiptPost())
