"""What is the same for every call: headers, encoding, addresses."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_portal.engage import EngageClient, EngageConfig, Identifier, IdentifierKind, Unavailable
from tests.engage.answering import CONTACT_ID, Engage, captured

CALLS = {
    "find": lambda c: c.find_contact_id(Identifier(IdentifierKind.EMAIL, "a@b.se")),
    "get": lambda c: c.get_contact(CONTACT_ID),
    "create": lambda c: c.create_contact({}, source="", store_external_id=""),
    "update": lambda c: c.update_contact(CONTACT_ID, changes={"city": "Oslo"}),
    "type": lambda c: c.update_contact_type(CONTACT_ID, contact_type="Member"),
    "delete": lambda c: c.delete_contact(CONTACT_ID),
    "redeem": lambda c: c.redeem_promotion(CONTACT_ID, channel="POS"),
    "voucher": lambda c: c.redeem_voucher(CONTACT_ID),
    "receipt": lambda c: c.post_receipt(b"{}"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_three_headers_go_with_every_call_also_without_a_body(engage, client, call):
    engage.answer((200, captured("contact")))
    call(client)
    assert engage.last.headers["apikey"] == "secret-key"
    assert engage.last.headers["user-agent"] == "AcmePOS/1.5"
    assert engage.last.headers["content-type"] == "application/json"
    assert engage.last.headers["accept"] == "application/json"


def test_query_values_are_percent_encoded(engage, client):
    engage.answer((200, f'"{CONTACT_ID}"'.encode()))
    client.find_contact_id(Identifier(IdentifierKind.ANY, "+46 7:a@b"), contact_type="Member")
    assert engage.line == "GET /api/v3/contacts/id?any=%2B46%207%3Aa%40b&contactType=Member"


@given(st.text(min_size=1).filter(lambda value: value.isprintable() or "\x00" in value))
def test_any_value_survives_the_query(value):
    engage = Engage()
    engage.answer((200, f'"{CONTACT_ID}"'.encode()))
    with engage.client() as client:
        client.find_contact_id(Identifier(IdentifierKind.CUSTOM_KEY, value))
    query = urlsplit(engage.last.url.raw_path.decode()).query
    assert parse_qs(query, strict_parsing=True) == {"customKey": [value]}
    assert re.fullmatch(r"customKey=(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+", query)


@given(st.text(min_size=1).filter(lambda value: value not in {".", ".."}))
def test_any_id_stays_one_segment_of_the_path(value):
    engage = Engage()
    with engage.client() as client:
        client.redeem_voucher(value)
    assert re.fullmatch(
        rb"/api/v3/reward-vouchers/(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+/redeem", engage.last.url.raw_path
    )


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_that_would_change_the_address_is_refused_before_sending(engage, client, value):
    with pytest.raises(ValueError, match="needs an id"):
        client.delete_contact(value)
    assert engage.received == []


def test_a_base_url_may_have_a_path_of_its_own(engage):
    with engage.client(base_url="http://localhost:8001/engage/") as client:
        client.redeem_voucher("v1")
    assert str(engage.last.url) == "http://localhost:8001/engage/api/v3/reward-vouchers/v1/redeem"


def test_redirects_are_not_followed_so_the_key_stays_here(engage, client):
    engage.answer((302, b"", {"location": "https://elsewhere.example/"}))
    with pytest.raises(Unavailable, match="elsewhere, which we do not follow"):
        client.redeem_voucher("v1")
    assert len(engage.received) == 1


def test_cookies_of_a_load_balancer_are_not_kept(engage, client):
    engage.answer((200, b"", {"set-cookie": "ARRAffinity=abc; path=/"}))
    client.redeem_voucher("v1")
    client.redeem_voucher("v1")
    assert "cookie" not in engage.last.headers


def test_the_machines_proxy_settings_are_not_consulted(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    config = EngageConfig(base_url="https://acme.example", api_key="k", user_agent="A/1")
    with EngageClient(config) as client:
        assert client._line.http._mounts == {}
        assert client._line.http.trust_env is False
