"""A sale may come in before this portal has ever seen its contact."""

from contacts.models import Contact
from engage_portal.core.clock import Deadline
from engage_portal.engage import Transaction as Listed
from engage_portal.engage.wire import decode
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.line import door
from engage_portal.outbox.models import Item
from engage_portal.sandbox.seeds import ANNA_ID, BENGT_ID
from receipts.history.numbered import history_store
from receipts.history.pages import history_current
from receipts.history.shown import purchases_newest
from receipts.models import Transaction
from receipts.selectors.purchases import PurchaseStatus


def _contact(guid: str) -> Contact:
    return Contact.objects.create(pk=guid, engage_contact_id=guid)


def test_it_stands_among_the_purchases_once_the_contact_is_known(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-1"))
    anna, bengt = _contact(ANNA_ID), _contact(BENGT_ID)
    (purchase,) = purchases_newest(anna, count=10)
    assert (purchase.number, purchase.status) == ("arly-1", PurchaseStatus.SAVED)
    assert purchases_newest(bengt, count=10) == []


def test_it_shows_what_was_paid_and_not_engages_net_sum(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-2"))
    assert deliver(seconds=30) == 1
    engage.engage.advance(60)
    anna = _contact(ANNA_ID)
    history_current(contact=anna, deadline=Deadline.after(20))
    newest = purchases_newest(anna, count=1)[0]
    assert (str(newest.total.normalize()), newest.status) == ("2E+2", PurchaseStatus.IN_ACCOUNT)


def _rows_from_engage(engage):
    engage.engage.advance(60)
    anna = _contact(ANNA_ID)
    history_current(contact=anna, deadline=Deadline.after(20))
    return anna, purchases_newest(anna, count=50)


def test_a_purchase_costs_what_its_lines_say_was_paid(db, engage):
    _, rows = _rows_from_engage(engage)
    assert len(rows) > 5
    for purchase in rows:
        paid = sum(line.amount for line in purchase.lines)
        assert (purchase.total, purchase.is_net) == (-paid if purchase.is_return else paid, False)


def test_sums_that_only_engage_knows_are_marked_as_without_vat(db, engage):
    anna, _ = _rows_from_engage(engage)
    newest = Transaction.objects.filter(contact=anna).order_by("-created_date").first()
    newest.raw = newest.raw.replace('"grossPaidPrice"', '"somethingElse"')
    newest.save()
    rows = purchases_newest(anna, count=50)
    assert [purchase.is_net for purchase in rows] == [True] + [False] * (len(rows) - 1)
    assert rows[0].total == Listed.read(decode(newest.raw.encode())).local_net_price_sum


def test_a_receipt_is_delivered_once_engage_lists_it(engage, till, receipt_body):
    till.post("/api/v3/receipts", receipt_body("early-4"))
    till.post("/api/v3/receipts", receipt_body("early-5", article="REFUSE"))
    deliver(seconds=30)
    anna = _contact(ANNA_ID)
    history_store(contact=anna, page=door.client().list_transactions(ANNA_ID))
    assert list(Item.objects.order_by("pk").values_list("state", flat=True)) == ["accepted", "attention"]
    engage.engage.advance(60)
    for _ in range(2):
        history_store(contact=anna, page=door.client().list_transactions(ANNA_ID))
    assert list(Item.objects.order_by("pk").values_list("state", flat=True)) == ["delivered", "attention"]
    assert Item.objects.first().events.filter(what="delivered").count() == 1
