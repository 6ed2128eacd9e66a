"""Which answer means which error, and what an error may show."""

import json
import traceback
from datetime import UTC, datetime

import httpx
import pytest
import time_machine

from engage_portal.engage import (
    AuthFailed,
    Conflict,
    EngageError,
    FieldError,
    Identifier,
    IdentifierKind,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from tests.engage.answering import CONTACT_ID, HTML, captured

BY_STATUS = {
    301: Unavailable, 400: Rejected, 401: AuthFailed, 403: AuthFailed, 404: NotFound, 405: Rejected, 406: Conflict,
    408: Unavailable, 409: Conflict, 410: Rejected, 413: Rejected, 415: Rejected, 418: Rejected, 422: Rejected,
    429: RateLimited, 500: Unavailable, 501: Unavailable, 502: Unavailable, 503: Unavailable, 504: Unavailable,
    520: Unavailable,
}  # fmt: skip


def refused(client) -> EngageError:
    with pytest.raises(EngageError) as caught:
        client.within(1).redeem_voucher("v1")
    return caught.value


@pytest.mark.parametrize(
    "body", [b"", HTML, b'{"errorCode": 3, "message": []}', b"[]", b"null", b"\xff", b"{"]
)
@pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
def test_the_status_decides_whatever_the_body(engage, client, status, kind, body):
    engage.answer((status, body))
    error = refused(client)
    assert type(error) is kind
    assert error.status == status
    assert error.operation == "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem"
    assert error.may_have_taken_effect is (kind is Unavailable)
    assert str(error).startswith("POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem: ")
    assert "<html>" not in str(error)


def test_a_500_about_the_configuration_is_no_outage(engage, client):
    engage.answer((500, captured("invalid_system_configuration")))
    error = refused(client)
    assert type(error) is Misconfigured
    assert not error.may_have_taken_effect
    assert error.error_code == "InvalidSystemConfiguration"


def test_a_plain_500_keeps_engages_words(engage, client):
    engage.answer((500, captured("server_error")))
    assert refused(client).message == "An error has occurred."


def test_an_unhappy_answer_that_is_too_big_still_has_its_status(engage):
    engage.answer((404, b'"' + b"x" * 2000 + b'"'))
    with engage.client(answer_limit=1000) as client:
        assert type(refused(client)) is NotFound


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.loads(captured("validation_error")), [("", "mobilePhone is not a valid phone number")]),
        ({"validationErrors": [{"field": "email", "errorDescription": "Bad"}]}, [("email", "Bad")]),
        ({"ValidationErrors": [{"PropertyName": "email", "ErrorMessage": "Bad"}]}, [("email", "Bad")]),
        ({"validationErrors": ["Bad", 3, {"odd": 1}]}, [("", "Bad"), ("", "")]),
        ({"validationErrors": {"email": ["Bad", 3]}}, [("email", "Bad")]),
        ({"errors": {"email": "Bad"}}, [("email", "Bad")]),
        (
            {"message": "The request is invalid.", "modelState": {"items[0].sku": ["Required"]}},
            [("items[0].sku", "Required")],
        ),
        ({"validationErrors": 3}, []),
        ({}, []),
    ],
)
def test_complaints_are_read_per_field_where_possible(engage, client, body, expected):
    engage.answer((422, json.dumps(body).encode()))
    error = refused(client)
    assert isinstance(error, Rejected)
    assert error.field_errors == tuple(FieldError(*each) for each in expected)


@pytest.mark.parametrize(
    "details", [None, {}, {"multipleMatchesFound": "x"}, {"multipleMatchesFound": ["x", 3, None]}]
)
def test_only_ids_are_candidates(engage, client, details):
    engage.answer((409, json.dumps({"errorCode": "MultipleMatches", "messageDetails": details}).encode()))
    error = refused(client)
    assert isinstance(error, Conflict)
    assert error.candidates == ()


def test_candidates_may_be_objects(engage, client):
    details = {"multipleMatchesFound": [{"id": CONTACT_ID.upper()}]}
    engage.answer((409, json.dumps({"messageDetails": details}).encode()))
    assert refused(client).candidates == (CONTACT_ID,)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("", None), ("3", 3.0), ("0.5", 0.5), ("-3", 0.0), ("inf", None), ("nan", None), ("soon", None),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0), ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
    ],
)  # fmt: skip
def test_the_wait_asked_for_is_read(engage, client, header, seconds):
    engage.answer((429, b"", {"retry-after": header} if header is not None else None))
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC), tick=False):
        error = refused(client)
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_personal_data_in_engages_words_is_masked(engage, client):
    body = {
        "errorCode": "ValidationError anna@example.com",
        "message": "anna@example.com with +46735654321 exists",
        "validationErrors": [{"errorDescription": "19811218-9876 is no number", "field": "anna@example.com"}],
    }
    engage.answer((422, json.dumps(body).encode()))
    error = refused(client)
    assert isinstance(error, Rejected)
    shown = f"{error} {error!r} {error.message} {error.args} {error.field_errors} {error.error_code}"
    for secret in ("anna", "735654321", "9876"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("failure", "left"),
    [
        (httpx.ConnectError("no"), False),
        (httpx.ConnectTimeout("no"), False),
        (httpx.PoolTimeout("no"), False),
        (httpx.UnsupportedProtocol("no"), False),
        (httpx.ReadTimeout("no"), True),
        (httpx.WriteTimeout("no"), True),
        (httpx.ReadError("no"), True),
        (httpx.WriteError("no"), True),
        (httpx.RemoteProtocolError("no"), True),
        (httpx.LocalProtocolError("no"), True),
        (httpx.StreamError("no"), True),
        (httpx.InvalidURL("no"), True),
    ],
)
def test_no_answer_is_unavailable_and_says_whether_the_request_left(engage, client, failure, left):
    engage.answer(failure)
    error = refused(client)
    assert type(error) is Unavailable
    assert (error.status, error.may_have_taken_effect) == (None, left)
    assert error.message == f"Engage did not answer ({type(failure).__name__})"


def test_no_traceback_ever_holds_the_address(engage, client):
    engage.answer(httpx.ConnectError("https://acme.example/?email=anna%40example.com"))
    anybody = Identifier(IdentifierKind.EMAIL, "anna@example.com")
    with pytest.raises(Unavailable) as caught:
        client.within(1).find_contact_id(anybody)
    assert caught.value.__context__ is None
    assert "anna" not in "".join(traceback.format_exception(caught.value))


def test_a_broken_compression_is_a_broken_body(engage, client):
    engage.answer((200, b"not gzip", {"content-encoding": "gzip"}))
    client.redeem_voucher("v1")  # a success needs no body here
    with pytest.raises(Unavailable):
        client.get_contact(CONTACT_ID)


def test_an_error_without_anything_still_has_a_name():
    assert str(NotFound()) == "NotFound"
    assert str(RateLimited()) == "429"
