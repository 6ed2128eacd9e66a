"""Who may call: a till with a key of this portal, and nobody else."""

import hmac

import pytest
from rest_framework.test import APIClient

from engage_portal.api.keys import key_revoke
from engage_portal.api.models import ApiKey
from engage_portal.core import clock
from tests.api.talking import COUNT, ROUTES, STATUS, code_of
from tests.conftest import client_with

pytestmark = pytest.mark.django_db


def call(client, method: str, path: str):
    return client.generic(method.upper(), path, "{}", content_type="application/json")


@pytest.mark.parametrize(("method", "path"), ROUTES)
class TestEveryOperation:
    def test_refuses_a_call_without_a_key(self, engage, method, path):
        answer = call(APIClient(), method, path)
        assert (answer.status_code, code_of(answer)) == (401, "NotAuthenticated")
        assert answer.headers["WWW-Authenticate"] == "apikey"
        assert not engage.engage.requests

    def test_refuses_a_wrong_key(self, engage, api_key, method, path):
        key = api_key()
        for wrong in (key[:-1], key + "0", key.swapcase(), key[:18] + "0" * 64, "x", "å" * 40, "ep_"):
            answer = call(client_with(wrong), method, path)
            assert (answer.status_code, code_of(answer)) == (401, "AuthenticationFailed"), wrong
        assert not engage.engage.requests

    def test_refuses_a_revoked_key(self, engage, api_key, method, path):
        client = client_with(api_key())
        assert key_revoke(name="till-101-1")
        answer = call(client, method, path)
        assert (answer.status_code, code_of(answer)) == (401, "AuthenticationFailed")
        assert "revoked" in answer.json()["message"]
        assert not engage.engage.requests

    def test_refuses_the_key_of_a_switched_off_integration(self, engage, api_key, method, path):
        client = client_with(api_key())
        user = ApiKey.objects.get().user
        user.is_active = False
        user.save()
        assert call(client, method, path).status_code == 401
        assert not engage.engage.requests


def test_the_key_stands_in_engages_own_header_only(engage, api_key):
    key = api_key()
    assert client_with(key).get(STATUS).status_code == 200
    assert APIClient(HTTP_AUTHORIZATION=f"apikey {key}").get(STATUS).status_code == 401
    assert APIClient().get(f"{STATUS}?apikey={key}").status_code == 401


def test_a_signed_in_person_has_no_key(engage, django_user_model):
    client = APIClient()
    client.force_login(django_user_model.objects.create(username="sam", is_staff=True, is_superuser=True))
    assert client.get(STATUS).status_code == 401


def test_keys_are_compared_in_constant_time(engage, api_key, monkeypatch):
    compared = []

    def spy(one: str, other: str) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr("knox.auth.compare_digest", spy)
    key = api_key()
    assert client_with(key).get(STATUS).status_code == 200
    assert client_with(key[:-1] + ("0" if key[-1] != "0" else "1")).get(STATUS).status_code == 401
    assert len(compared) == 2
    assert key not in str(compared)


def test_the_use_of_a_key_is_noted_now_and_then(engage, api_key, django_assert_num_queries):
    client = client_with(api_key())
    client.get(STATUS)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    assert (clock.now() - first).total_seconds() < 60
    client.get(STATUS)
    assert ApiKey.objects.get().last_used_at == first


def test_a_key_without_a_store_speaks_for_every_store(engage, api_key):
    assert client_with(api_key(name="shop", store="")).get(COUNT).status_code == 200
