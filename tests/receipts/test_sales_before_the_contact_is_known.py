"""A sale may come in before this portal has ever seen its contact."""

from contacts.models import Contact
from engage_portal.core.clock import Deadline
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.line import door
from engage_portal.outbox.models import Item
from engage_portal.sandbox.seeds import ANNA_ID, BENGT_ID
from receipts.history import history_current, history_store
from receipts.selectors import PurchaseStatus, purchases_for


def _contact(guid: str) -> Contact:
    return Contact.objects.create(pk=guid, engage_contact_id=guid)


def test_it_stands_among_the_purchases_once_the_contact_is_known(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-1"))
    anna, bengt = _contact(ANNA_ID), _contact(BENGT_ID)
    (purchase,) = purchases_for(anna, offset=0, count=10).rows
    assert (purchase.number, purchase.status) == ("arly-1", PurchaseStatus.SAVED)
    assert purchases_for(bengt, offset=0, count=10).rows == []


def test_it_shows_what_was_paid_and_not_engages_net_sum(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-2"))
    assert deliver(seconds=5) == 1
    engage.engage.advance(60)
    anna = _contact(ANNA_ID)
    history_current(contact=anna, deadline=Deadline.after(5))
    newest = purchases_for(anna, offset=0, count=1).rows[0]
    assert (str(newest.total.normalize()), newest.status) == ("2E+2", PurchaseStatus.IN_ACCOUNT)


def test_sums_that_only_engage_knows_are_marked_as_without_vat(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-3"))
    assert deliver(seconds=5) == 1
    engage.engage.advance(60)
    anna = _contact(ANNA_ID)
    history_current(contact=anna, deadline=Deadline.after(5))
    rows = purchases_for(anna, offset=0, count=50).rows
    assert [purchase.is_net for purchase in rows] == [False] + [True] * (len(rows) - 1)
    assert len(rows) > 5


def test_a_receipt_is_delivered_once_engage_lists_it(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-4"))
    till.post("/api/v3/receipts", receipt_body("early-5", article="REFUSE"))
    deliver(seconds=5)
    anna = _contact(ANNA_ID)
    history_store(contact=anna, page=door.client().list_transactions(ANNA_ID))
    assert list(Item.objects.order_by("pk").values_list("state", flat=True)) == ["accepted", "attention"]
    engage.engage.advance(60)
    for _ in range(2):
        history_store(contact=anna, page=door.client().list_transactions(ANNA_ID))
    assert list(Item.objects.order_by("pk").values_list("state", flat=True)) == ["delivered", "attention"]
    assert Item.objects.first().events.filter(what="delivered").count() == 1
