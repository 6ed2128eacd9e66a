"""How receipts reach Engage."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from engage_portal.engage import payloads
from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import Call, Handler, NotReadyError, register
from engage_portal.outbox.states import State
from receipts.models import Receipt
from receipts.services import POST, receipt_tagged, tagged_by_id


class ReceiptPost(Handler[Receipt]):
    """Post a receipt; repeating is safe, because Engage drops a `uniqueReceiptId` that it knows.

    Engage imports receipts later and tells nobody what became of them, so a 2xx means accepted, not delivered
    [developer.voyado.com/en/receipts/introduction-to-receipts].
    """

    kind = POST
    label = "Receipt"
    priority = 40
    success = State.ACCEPTED

    def load(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Receipt]:
        """The receipts of the batch with their contacts."""
        return Receipt.objects.select_related("contact__same_as").in_bulk(subject_ids)

    def request(self, item: Item, subject: Receipt) -> Call:
        """`POST /api/v3/receipts`, tagged with Engage's contact id wherever that is known."""
        del item
        payload = payloads.decode_receipt(subject.body.encode())
        if subject.contact is not None:
            engage_id = subject.contact.engage_id
            if engage_id is None:
                raise NotReadyError("The contact has to reach Engage first.")
            payload = tagged_by_id(payload, str(engage_id))
        body = payloads.encode_receipt(payload)
        return Call("POST /api/v3/receipts", lambda client: client.post_receipt(body))

    def settle(self, item: Item, subject: Receipt, call: Call, answer: Any) -> None:
        """The personal key, if there was one, has done its work."""
        del item, call, answer
        receipt_tagged(receipt_id=subject.pk)


register(ReceiptPost())
