"""A contact's body that cannot be right: 4xx that names the field; nothing stored, nothing sent."""

import json

import pytest

from contacts.models import Contact
from engage_portal.outbox.models import Event, Item
from tests.api.talking import CONTACTS, bring_up, code_of, new_contact, take_down

pytestmark = pytest.mark.django_db


def nothing_happened(engage) -> bool:
    return not (
        Contact.objects.exists() or Item.objects.exists() or Event.objects.exists() or engage.engage.requests
    )


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"email": "erik"}, "email"),
        ({"email": "e rik@example.com"}, "email"),
        ({"email": "e" * 250 + "@example.com"}, "email"),
        ({"email": 5}, "email"),
        ({"email": ["a@example.com"]}, "email"),
        ({"firstName": True}, "firstName"),
        ({"firstName": {"a": 1}}, "firstName"),
        ({"firstName": "E\x00rik"}, "firstName"),
        ({"firstName": "E" * 1001}, "firstName"),
        ({"mobilePhone": "hello"}, "mobilePhone"),
        ({"mobilePhone": "12"}, "mobilePhone"),
        ({"mobilePhone": "+46735654399" + " " * 300 + "\x00"}, "mobilePhone"),
        ({"memberNumber": "9" * 41}, "memberNumber"),
        ({"externalId": "x" * 61}, "externalId"),
        ({"socialSecurityNumber": "1" * 21}, "socialSecurityNumber"),
        ({"contactType": "T" * 41}, "contactType"),
        ({"contactType": 7}, "contactType"),
        ({"shoeSize": 10**30}, "shoeSize"),
        ({"interests": ["a"]}, "interests"),
        ({"interests": "a\x00"}, "interests"),
        ({"preferences": None}, "preferences"),
        ({"preferences": []}, "preferences"),
        ({"preferences": {"acceptsEmail": "true"}}, "preferences.acceptsEmail"),
        ({"preferences": {"acceptsEmail": None}}, "preferences.acceptsEmail"),
        ({"preferences.acceptsEmail": "yes"}, "preferences.acceptsEmail"),
        ({"consents.memberConsent": 5}, "consents.memberConsent"),
        ({"consents": None}, "consents"),
        ({"consents": {}}, "consents"),
        ({"consents": ["memberConsent"]}, "consents[0]"),
        ({"consents": [{"value": True}]}, "consents[0]"),
        ({"consents": [{"id": "memberConsent"}]}, "consents[0].value"),
        ({"consents": [{"id": "memberConsent", "value": "true"}]}, "consents[0].value"),
        ({"consents": [{"id": "memberConsent", "value": True, "coment": "x"}]}, "consents[0].coment"),
        ({"consents": [{"id": "memberConsent", "value": True, "comment": {"a": 1}}]}, "consents[0].comment"),
        ({"consents": [{"id": "memberConsent", "value": True, "comment": "\x00"}]}, "consents[0].comment"),
        ({"a\x00b": "x"}, "?"),
        ({"n" * 101: "x"}, "n" * 101),
    ],
)
@pytest.mark.parametrize("is_down", [False, True])
def test_a_field_that_is_wrong_is_named(engage, till, members, field, is_down):
    take_down(engage) if is_down else None
    for call, path in (
        (till.post, CONTACTS),
        (till.patch, f"{CONTACTS}/11111111-2222-4333-8444-555555555555"),
    ):
        answer = call(path, new_contact(**members))
        assert (answer.status_code, code_of(answer)) == (422, "ValidationError"), answer.content
        errors = answer.json()["validationErrors"]
        assert next(error["field"] for error in errors if error["field"])[:95] == field[:95]
        assert field.rpartition(".")[2][:90] in errors[0]["errorDescription"] or field == "?"
    assert nothing_happened(engage)


def test_all_wrong_fields_are_named_at_once(engage, till):
    answer = till.post(CONTACTS, {"email": "x", "mobilePhone": "y", "firstName": 1})
    assert {error["field"] for error in answer.json()["validationErrors"]} == {
        "email",
        "mobilePhone",
        "firstName",
    }


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize(
    "body", [{"firstName": "Erik"}, {"email": ""}, {"email": None, "contactType": "Member"}]
)
def test_a_sign_up_needs_a_key(engage, till, body, is_down):
    take_down(engage) if is_down else None
    answer = till.post(CONTACTS, body)
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert answer.json()["validationErrors"][0]["field"] == "email"
    assert nothing_happened(engage)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "NoData"),
        (b"  ", 400, "NoData"),
        (b"{}", 400, "NoData"),
        (b"null", 400, "NoData"),
        (b"[]", 400, "ParseError"),
        (b"0", 400, "ParseError"),
        (b'"text"', 400, "ParseError"),
        (b"{", 400, "ParseError"),
        (b"{'email': 'a@example.com'}", 400, "ParseError"),
        (b'{"email": NaN}', 400, "ParseError"),
        (b"\xff\xfe{}", 400, "ParseError"),
        (b"[" * 100_000, 400, "ParseError"),
        (b'{"a":' * 100_000, 400, "ParseError"),
        (b'{"email":"a@example.com","shoeSize":1e999999999}', 422, "ValidationError"),
        (b'{"email":"a@example.com","shoeSize":1e-999999999}', 422, "ValidationError"),
        (b'{"email":"a@example.com","n":' + b"9" * 5000 + b"}", 400, "ParseError"),
        (b'{"email":"a@example.com","x":"' + b"x" * 2_500_000 + b'"}', 413, "BodyTooLarge"),
        (b'{"email":"\\ud800@example.com"}', 400, "ParseError"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k1"}])
def test_a_body_that_cannot_be_read(engage, till, raw, status, code, headers):
    answer = till.generic("POST", CONTACTS, raw, content_type="application/json", **headers)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert nothing_happened(engage)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data; boundary=x",
        "",
    ],
)
def test_another_content_type_is_415(engage, till, content_type):
    raw = json.dumps(new_contact())
    answer = till.generic("POST", CONTACTS, raw, content_type=content_type)
    assert (answer.status_code, code_of(answer)) == (415, "UnsupportedMediaType")
    assert nothing_happened(engage)


@pytest.mark.parametrize("name", ["source", "storeExternalId"])
@pytest.mark.parametrize("value", ["\x00", "x" * 101, "a\nb"])
def test_a_query_value_that_cannot_be_kept(engage, till, api_key, name, value):
    from tests.conftest import client_with

    shop = client_with(api_key(name="shop", store=""))
    from urllib.parse import urlencode

    answer = shop.post(f"{CONTACTS}?{urlencode({name: value})}", new_contact())
    assert (answer.status_code, code_of(answer)) == (400, "ParseError")
    assert name in answer.json()["message"]
    assert nothing_happened(engage)


def test_the_tenants_own_attributes_pass_in_every_type(wire, till):
    given = new_contact(shoeSize=42, interests="art", loyaltyLevel=True)
    take_down(wire)
    assert till.post(CONTACTS, given).status_code == 202
    bring_up(wire)
    (sent,) = wire.of("POST", CONTACTS)
    assert {name: sent.json[name] for name in given} == given
