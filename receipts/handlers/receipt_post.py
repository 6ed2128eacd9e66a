"""How receipts reach Engage."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import EngageClient, EngageError, NotFound, Page, Transaction
from engage_portal.engage.xml import FileType
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    Call,
    FileRow,
    Handler,
    NotReadyError,
    ReadBack,
    Settled,
    UnsendableError,
    Verdict,
)
from engage_portal.outbox.states import State
from receipts.handlers.filing import filed
from receipts.handlers.sending import Found, hold_for_uses, posting
from receipts.history.numbered import history_confirm, history_store
from receipts.history.pages import HISTORY_COUNT
from receipts.models import Receipt
from receipts.services import POST
from receipts.stores import stores_want, unlisted_as_of, with_unlisted
from receipts.tagging import (
    PersonalKey,
    filed_key,
    personal_key,
    receipt_given,
    receipt_tied,
    receipts_tagged,
)


class ReceiptPost(Handler[Receipt]):
    """Post a receipt; repeating is safe, because Engage drops a `uniqueReceiptId` that it knows.

    Engage imports receipts later and tells nobody what became of them, so a 2xx means accepted, not delivered
    [developer.voyado.com/en/receipts/introduction-to-receipts].
    """

    kind = POST
    label = "Receipt"
    priority = 40
    success = State.ACCEPTED
    file_type = FileType.TRANSACTIONS
    is_repeatable = True
    is_read_back = may_stay_unseen = True

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Receipt]:
        """The receipts of the batch with their contacts, and with whether Engage has their stores; in one query."""
        return with_unlisted(Receipt.objects.select_related("contact__same_as")).in_bulk(subject_ids)

    def request(self, item: Item, subject: Receipt) -> Call:
        """`POST /api/v3/receipts`, tagged with Engage's contact id wherever that can be known."""
        _hold_unknown_store(item, subject)
        _hold_deleted_contact(subject)
        hold_for_uses(item, subject)
        return posting(subject)

    def file_row(self, item: Item, subject: Receipt) -> FileRow | None:
        """The receipt with the surest key that it has; one file has one kind of keys."""
        _hold_unknown_store(item, subject)
        _hold_deleted_contact(subject)
        return filed(item, subject)

    def went_by_file(self, items: Sequence[Item]) -> None:
        """As after a call: where the contact is known, the personal key has done its work."""
        receipts = self.load({item.subject_id for item in items}).values()
        receipts_tagged(each for each in receipts if each.contact is not None)

    def settle(self, item: Item, subject: Receipt, call: Call, answer: Any) -> None:
        """Where the contact is known, the personal key has done its work; else it is needed to read back."""
        self.settle_all([Settled(item, subject, call, answer)])

    def settle_all(self, settled: Sequence[Settled[Receipt]]) -> None:
        """The same for a batch, in one query; whom Engage was asked for gets theirs one by one."""
        others = []
        for each in settled:
            if isinstance(each.answer, Found):
                receipt_given(each.subject, _contact_of(each.answer.engage_id))
            elif each.subject.contact is not None or not settings.OUTBOX_CONFIRM_HOURS:
                others.append(each.subject)
        receipts_tagged(others)

    def given_up(self, item: Item, subject: Receipt) -> None:
        """The sale is not sent; that is known for longer than the queue remembers its item."""
        del item
        Receipt.objects.filter(pk=subject.pk).update(given_up_at=clock.now())

    def read_back(self, items: Sequence[Item]) -> Iterator[ReadBack]:
        """`GET /api/v3/contacts/transactions` of each contact: one tells about all of that contact's receipts."""
        receipts = self.load({item.subject_id for item in items})
        groups: dict[tuple[EngageContactId | PersonalKey, bool], list[Item]] = defaultdict(list)
        for item in items:
            receipt = receipts.get(item.subject_id)
            if receipt is not None and (whose := _whose(receipt)):
                groups[whose, _is_newborns(receipt)].append(item)
        for (whose, _), mine in groups.items():
            yield ReadBack(tuple(mine), _history_of(whose))

    def keep(self, back: ReadBack, answer: tuple[EngageContactId, Page[Transaction]]) -> None:
        """Keep the history, which confirms what it lists, and tie receipts to the contact that their key meant.

        Whom a file of ours brought to Engage is tied to nobody by one key: that is for the look-up by all of them.
        """
        engage_id, page = answer
        receipts = self.load({item.subject_id for item in back.items}).values()
        if newborns := {receipt.contact for receipt in receipts if receipt.contact and _is_newborns(receipt)}:
            for newborn in newborns:
                history_confirm(contact=newborn, page=page)
            return
        contact = _contact_of(engage_id)
        for receipt in receipts:
            receipt_tied(receipt, contact)
        history_store(contact=contact, page=page)

    def judge(self, item: Item, error: EngageError) -> Verdict | None:
        """Nobody has its key, or several have: Engage was asked before it got the receipt.

        Whoever signs up elsewhere in the moment of their first purchase is there soon after: it is asked a few times.
        """
        if error.error_code == "ContactNotFound" and item.tries < _TRIES_BEFORE_A_PERSON:
            return Verdict(State.PENDING, error.error_code, "Engage does not have its contact yet.")
        reason = _NOT_SENT.get(error.error_code)
        return Verdict(State.ATTENTION, error.error_code, reason) if reason else None

    def unseen(self, item: Item, error: EngageError | None) -> Verdict | None:
        """Engage drops a receipt whose contact it does not find, and tells only people in its own log."""
        del item
        if error is None:
            return None
        reason = _NOBODYS.get(error.error_code)
        return Verdict(State.ATTENTION, error.error_code, reason) if reason else None


_TRIES_BEFORE_A_PERSON = 3
_NOT_SENT = {
    "ContactNotFound": "Engage has no contact for it, and would drop it.",
    "MultipleMatches": "Engage has several contacts for it, and would drop it.",
}
_NOBODYS = {
    "ContactNotFound": "Engage took it in and found no contact for it.",
    "MultipleMatches": "Engage took it in and found several contacts for it.",
}


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


def _hold_deleted_contact(receipt: Receipt) -> None:
    """Engage would drop it. What was sold before the deletion goes: it names nobody any more, and is counted there."""
    contact = receipt.contact
    if contact is not None and contact.deleted_at is not None and contact.deleted_at < receipt.recorded_at:
        raise UnsendableError("ContactNotFound", "Its contact was deleted before: Engage would drop it.")


def _contact_of(engage_id: EngageContactId) -> Contact:
    contact, _ = Contact.objects.get_or_create(
        engage_contact_id=UUID(engage_id), defaults={"pk": UUID(engage_id)}
    )
    return contact


def _whose(receipt: Receipt) -> EngageContactId | PersonalKey | None:
    """Engage's id where we know it, else the key that it went with in a file, or came with."""
    engage_id = receipt.contact.engage_id if receipt.contact else receipt.match_contact_id
    if engage_id:
        return EngageContactId(str(engage_id))
    return filed_key(receipt.contact) if receipt.contact else personal_key(receipt)


def _is_newborns(receipt: Receipt) -> bool:
    """Whether it is of somebody born here, whose id in Engage is not known yet."""
    return receipt.contact is not None and receipt.contact.engage_id is None


def _history_of(whose: EngageContactId | PersonalKey) -> Call:
    return Call(
        "GET /api/v3/contacts/transactions",
        lambda client: _found_history(client, whose),
        calls=1 + whose.calls if isinstance(whose, PersonalKey) else 1,
    )


def _found_history(
    client: EngageClient, whose: EngageContactId | PersonalKey
) -> tuple[EngageContactId, Page[Transaction]]:
    engage_id = whose if isinstance(whose, str) else _owner(client, whose)
    return engage_id, client.list_transactions(engage_id, count=HISTORY_COUNT)


def _owner(client: EngageClient, key: PersonalKey) -> EngageContactId:
    if (found := key.owner(client)) is None:
        raise NotFound("Engage cannot be asked whose this key is.", operation="GET /api/v3/contacts/id")
    return found
