"""What the connection refuses to be, and what it tells the log."""

import logging

import httpx
import pytest

from engage_portal.engage import EngageConfig, EngageError, Identifier, IdentifierKind, Unavailable
from tests.engage.answering import CONTACT_ID

GOOD = {"base_url": "https://acme.voyado.com", "api_key": "secret-key", "user_agent": "AcmePOS/1.5"}


def test_the_key_is_not_in_the_repr():
    assert "secret-key" not in repr(EngageConfig(**GOOD))


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": ""},
        {"base_url": "acme.voyado.com"},
        {"base_url": "ftp://acme.voyado.com"},
        {"base_url": "https://"},
        {"base_url": "https://acme.voyado.com?apikey=1"},
        {"base_url": "https://user:pass@acme.voyado.com"},
        {"api_key": ""},
        {"api_key": "secret-key\r\nx: y"},
        {"api_key": "secret-kéy"},
        {"user_agent": " "},
    ],
)
def test_a_connection_that_cannot_work_is_refused_at_once(wrong):
    with pytest.raises(ValueError, match="Engage") as caught:
        EngageConfig(**GOOD | wrong)
    assert "secret" not in str(caught.value)


def test_one_line_per_call_without_anything_personal(engage, client, caplog):
    caplog.set_level(logging.DEBUG)
    engage.answer((200, f'"{CONTACT_ID}"'.encode(), {"x-request-id": "0HM:42"}))
    client.find_contact_id(Identifier(IdentifierKind.EMAIL, "anna@example.com"))
    (record,) = caplog.records
    assert record.name == "engage_portal.engage"
    assert record.levelno == logging.INFO
    line = record.getMessage()
    assert line.startswith("GET /api/v3/contacts/id 200 in ")
    assert line.endswith(" ms, request id 0HM:42")


@pytest.mark.parametrize("header", ["anna@example.com", "x" * 101, "a b"])
def test_a_request_id_that_looks_like_something_else_is_not_logged(engage, client, caplog, header):
    caplog.set_level(logging.INFO, "engage_portal.engage")
    engage.answer((200, b"", {"x-request-id": header}))
    client.redeem_voucher("v1")
    assert "request id" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "words"), [((409, b""), " 409 in "), (httpx.ReadTimeout("anna@example.com"), " no answer in ")]
)
def test_failures_are_logged_too(engage, client, caplog, answer, words):
    caplog.set_level(logging.INFO, "engage_portal.engage")
    engage.answer(answer)
    with pytest.raises(EngageError):
        client.redeem_voucher("v1")
    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith("POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem" + words)
    assert "anna" not in line


def test_httpx_and_httpcore_are_silenced_and_stay_quieter_if_they_were(engage):
    logging.getLogger("httpx").setLevel(logging.ERROR)
    logging.getLogger("httpcore").setLevel(logging.NOTSET)
    engage.client().close()
    assert logging.getLogger("httpx").level == logging.ERROR
    assert logging.getLogger("httpcore").level == logging.WARNING
    logging.getLogger("httpx").setLevel(logging.WARNING)


def test_no_time_left_is_logged_as_no_answer(engage, client, caplog):
    caplog.set_level(logging.INFO, "engage_portal.engage")
    with pytest.raises(Unavailable):
        client.within(0).redeem_voucher("v1")
    assert " no answer in 0 ms, not sent" in caplog.text
