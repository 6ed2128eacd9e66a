"""What the till wrote is what Engage gets: names, digits of money, letters."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from engage_portal.engage import payloads
from engage_portal.engage.wire import decode, encode
from engage_portal.outbox.models import Item
from receipts.models import Receipt
from tests.api.talking import RECEIPTS, deliver_all
from tests.engage.test_receipt_round_trip import RECEIPTS as SOUND_RECEIPTS

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parents[1] / "data" / "engage" / "receipt_purchase.json"
NUMBER = re.compile(rb'"(\w+)":\s*(-?\d+(?:\.\d+)?)')


def post(till, raw: bytes):
    return till.generic("POST", RECEIPTS, raw, content_type="application/json")


@pytest.mark.parametrize(
    "digits", ["199.90", "0.10", "200.00", "200", "199.9000000000", "999999999999.99", "0.30", "1234567.89"]
)
def test_every_digit_of_money_arrives(wire, till, receipt_body, digits):
    body = json.dumps(receipt_body("101-1", totalGrossPrice=0)).encode()
    raw = re.sub(rb'"(totalGrossPrice|value|grossPaidPrice)": [\d.]+', rb'"\1": ' + digits.encode(), body)
    assert post(till, raw).status_code == 202
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    got = dict(NUMBER.findall(sent.body))
    assert {got[name] for name in (b"totalGrossPrice", b"value", b"grossPaidPrice")} == {digits.encode()}
    assert (got[b"taxAmount"], got[b"taxPercent"], got[b"quantity"]) == (b"40.0", b"25.0", b"1")


def test_words_are_engages_own_on_both_sides(wire, till):
    body = json.loads(SAMPLE.read_text())
    body["storeExternalId"] = "101"
    assert till.post(RECEIPTS, body).status_code == 202
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert json.loads(sent.body) == body
    assert not re.search(rb'"\w+_\w+":', sent.body)


def test_python_names_are_snake_case():
    names = [
        field
        for struct in (payloads.Receipt, payloads.ReceiptItem, payloads.ReceiptContact)
        for field in struct.__struct_fields__
    ]
    assert names
    assert all(name == name.lower() for name in names)


@given(body=SOUND_RECEIPTS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_taken_here_is_taken_by_engage_word_for_word(wire, till, body):
    """The portal refuses what Engage would refuse, and changes nothing in the rest."""
    Item.objects.all().delete()
    Receipt.objects.all().delete()
    wire.sent.clear()
    wire.app.gate.forget()
    wire.engage.reset()
    body = {**body, "storeExternalId": "101"}
    raw = encode(body)
    answer = post(till, raw)
    assert answer.status_code in {202, 422}, answer.content
    if answer.status_code == 422:
        assert answer.json()["validationErrors"][0]["field"]
        assert not Receipt.objects.exists()
        return
    deliver_all()
    (sent,) = wire.of("POST", RECEIPTS)
    assert sent.json == decode(raw)
    assert [item.state for item in Item.objects.all()] == ["accepted"], Item.objects.get().reason
