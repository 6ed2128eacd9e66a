"""Handing a receipt in."""

import pytest

from engage_portal.engage import Rejected
from tests.engage.answering import HTML, captured


@pytest.mark.parametrize(("status", "body"), [(200, b""), (202, b""), (201, b"{}"), (200, HTML)])
def test_a_receipt_goes_out_byte_by_byte_and_any_2xx_will_do(engage, client, status, body):
    engage.answer((status, body))
    client.post_receipt(captured("receipt_purchase"))
    assert engage.line == "POST /api/v3/receipts"
    assert engage.last.content == captured("receipt_purchase")


def test_a_refused_receipt_says_why(engage, client):
    engage.answer((422, captured("validation_error")))
    with pytest.raises(Rejected) as caught:
        client.post_receipt(b"{}")
    assert caught.value.operation == "POST /api/v3/receipts"
    assert caught.value.field_errors[0].description == "mobilePhone is not a valid phone number"
