"""Lines, total and payments say the same; what only looks like a mistake is taken, with a warning."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receipts.models import Receipt
from tests.api.talking import RECEIPTS, code_of
from tests.conftest import make_receipt

pytestmark = pytest.mark.django_db


def line(price: float, **members) -> dict:
    made = make_receipt()["items"][0] | {"grossPaidPrice": price, "taxAmount": round(price / 5, 2)}
    return made | members


def receipt(*lines: dict, total: float, paid: list[float], kind: str = "card") -> dict:
    payments = [{"type": kind, "value": value} for value in paid]
    return make_receipt(items=list(lines), totalGrossPrice=total, paymentMethods=payments)


def back(price: float) -> dict:
    return line(price, type="RETURN", quantity=-1)


SOUND = {
    "a purchase": receipt(line(200), total=200, paid=[200]),
    "two lines, two payments": receipt(line(199.9), line(0.1), total=200, paid=[150, 50]),
    "a return": receipt(back(200), total=-200, paid=[-200]),
    "an exchange for more": receipt(line(300), back(200), total=100, paid=[100]),
    "an exchange for less": receipt(line(100), back(200), total=-100, paid=[-100]),
    "an even exchange": receipt(line(200), back(200), total=0, paid=[0]),
    "an adjustment": receipt(line(200), line(-0.4, type="ADJUSTMENT"), total=199.6, paid=[199.6]),
    "a cent apart": receipt(line(200.01), total=200, paid=[200]),
}


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_what_adds_up_is_taken_without_a_word(engage, till, body):
    answer = till.post(RECEIPTS, body)
    assert (answer.status_code, answer.content) == (202, b"")


BROKEN = {
    "lines": (receipt(line(100), total=200, paid=[200]), ["totalGrossPrice"]),
    "payments": (receipt(line(200), total=200, paid=[100]), ["paymentMethods"]),
    "both": (receipt(line(200), total=100, paid=[50]), ["totalGrossPrice", "paymentMethods"]),
    "a unit price on a return": (receipt(line(200, type="RETURN", quantity=-2), total=-400, paid=[-400]),
                                 ["totalGrossPrice"]),
    "a return that is paid": (receipt(back(200), total=200, paid=[200]),
                              ["totalGrossPrice", "paymentMethods[0].value", "totalGrossPrice", "paymentMethods"][:2]),
}  # fmt: skip


@pytest.mark.parametrize(("body", "fields"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_add_up_is_refused_by_name(engage, till, body, fields):
    answer = till.post(RECEIPTS, body)
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert [each["field"] for each in answer.json()["validationErrors"]][: len(fields)] == fields
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(("mode", "warned"), [("warn", ["totalGrossPrice"]), ("ignore", [])])
def test_a_tenant_whose_prices_have_no_tax_may_take_it_all_the_same(engage, till, settings, mode, warned):
    settings.RECEIPT_SUMS = mode
    answer = till.post(RECEIPTS, receipt(line(160), total=200, paid=[200]))
    assert answer.status_code == 202
    assert (
        [each["field"] for each in (answer.json() or {}).get("warnings", [])] == warned
        if answer.content
        else not warned
    )


def test_the_tolerance_is_a_setting(engage, till, settings):
    settings.RECEIPT_TOLERANCE = Decimal("0.50")
    assert till.post(RECEIPTS, receipt(line(200.4), total=200, paid=[200.5])).status_code == 202


def test_what_only_looks_like_a_mistake_is_taken_with_a_warning(engage, till):
    body = receipt(line(200, taxAmount=50), total=200, paid=[200], kind="Bonus-Check")
    answer = till.post(RECEIPTS, body)
    assert answer.status_code == 202
    assert [each["field"] for each in answer.json()["warnings"]] == [
        "items[0].taxAmount",
        "paymentMethods[0].type",
    ]
    assert Receipt.objects.count() == 1


_CENTS = st.integers(1, 10**9).map(lambda cents: Decimal(cents) / 100)


@given(st.lists(st.tuples(_CENTS, st.booleans()), min_size=1, max_size=30), st.integers(0, 2**16))
def test_whatever_was_bought_and_brought_back_adds_up_with_its_digits(lines, split):
    from engage_portal.engage import payloads
    from engage_portal.engage.wire import encode
    from receipts.services.rules import check_receipt
    from receipts.stores import Asked, Standing

    rows = [
        line(0)
        | {"grossPaidPrice": price, "taxAmount": price / 5}
        | ({"type": "RETURN", "quantity": -1} if is_back else {})
        for price, is_back in lines
    ]
    total = sum((-price if is_back else price for price, is_back in lines), Decimal(0))
    first = (total * split / 2**16).quantize(Decimal("0.01"))
    first = total if all(is_back for _, is_back in lines) else first
    payments = [{"type": "card", "value": first}, {"type": "cash", "value": total - first}]
    body = encode(make_receipt(items=rows, totalGrossPrice=total, paymentMethods=payments))
    check_receipt(payloads.decode_receipt(body), store=Asked(Standing.FINE))
