"""Finding a contact's id by what the person said."""

import pytest

from engage_portal.engage import Conflict, Identifier, IdentifierKind, NotFound, Rejected, Unavailable
from tests.engage.answering import CONTACT_ID, HTML, captured

ANNA = Identifier(IdentifierKind.EMAIL, "anna@example.com")


@pytest.mark.parametrize(
    "body",
    [
        f'"{CONTACT_ID}"',
        f'"{CONTACT_ID.upper()}"',
        f'{{"id": "{CONTACT_ID}"}}',
        f'{{"Id": "{CONTACT_ID.upper()}", "more": 1}}',
        CONTACT_ID,
        f" {CONTACT_ID.upper()}\r\n",
        f'\ufeff"{CONTACT_ID}"',
    ],
)
def test_the_id_is_read_however_it_is_wrapped(engage, client, body):
    engage.answer((200, body.encode()))
    assert client.find_contact_id(ANNA) == CONTACT_ID


@pytest.mark.parametrize(
    "body", [b"", HTML, b'""', b"null", b"{}", b"[]", b'"anna"', b"17", b"\xff\xfe", b'{"id": "x', b"true"]
)
def test_a_success_without_an_id_is_no_success(engage, client, body):
    engage.answer((200, body))
    with pytest.raises(Unavailable) as caught:
        client.find_contact_id(ANNA)
    assert caught.value.may_have_taken_effect


@pytest.mark.parametrize("kind", IdentifierKind)
def test_each_kind_has_engages_own_parameter_name(engage, client, kind):
    engage.answer((200, f'"{CONTACT_ID}"'.encode()))
    client.find_contact_id(Identifier(kind, "1"))
    assert engage.line == f"GET /api/v3/contacts/id?{kind.value}=1"


def test_nobody_is_not_found(engage, client):
    engage.answer((404, captured("contact_not_found")))
    with pytest.raises(NotFound) as caught:
        client.find_contact_id(ANNA)
    assert caught.value.error_code == "ContactNotFound"
    assert caught.value.operation == "GET /api/v3/contacts/id"


def test_several_matches_are_a_conflict_with_candidates_in_order(engage, client):
    engage.answer((409, captured("multiple_matches")))
    with pytest.raises(Conflict) as caught:
        client.find_contact_id(ANNA)
    assert caught.value.candidates == (
        "b16fd8f3-d0f5-aaaa-aa60-b00300f9aaaa",
        "febb6003-863d-bbbb-a4d0-b0030119bbbb",
    )


def test_a_malformed_identifier_is_rejected(engage, client):
    engage.answer((400, b'{"errorCode": "InvalidEmailAddress", "message": "Not valid"}'))
    with pytest.raises(Rejected) as caught:
        client.find_contact_id(ANNA)
    assert (caught.value.status, caught.value.error_code) == (400, "InvalidEmailAddress")


def test_an_identifier_never_shows_its_value():
    assert "anna" not in repr(ANNA)
