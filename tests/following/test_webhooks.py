"""Engage's webhooks: who may send them, what they change, and what they never show."""

import base64
import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from standardwebhooks import Webhook

from contacts import webhooks
from contacts.following import waking
from contacts.models import Contact, ToRefresh
from engage_portal.core import clock
from tests.following.at_engage import ANNA, change, delete, gets, known, noted, refresh_now, restore

pytestmark = pytest.mark.django_db

PATH = "/api/portal/v1/webhooks/engage"
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()


@pytest.fixture(autouse=True)
def secret(settings):
    settings.ENGAGE_WEBHOOK_SECRET = SECRET


@pytest.fixture
def woken(monkeypatch) -> list:
    """The wake-ups that were queued."""
    queued: list = []
    monkeypatch.setattr(waking, "async_task", lambda *task, **_: queued.append(task))
    return queued


def event(kind="contact.updated", contact_id=ANNA, *, name="contactId", **more) -> bytes:
    body = {
        "eventType": kind,
        "id": "e-1",
        "isEncrypted": False,
        "payload": {name: str(contact_id)},
        "tenant": "t",
    }
    return json.dumps({**body, **more}).encode()


def send(body: bytes, *, secret=SECRET, event_id=None, at=None, headers=None, names="svix"):
    at, event_id = at or clock.now(), event_id or str(uuid4())
    stamp = str(int(at.timestamp()))
    signature = Webhook(secret).sign(
        event_id, at.replace(microsecond=0, tzinfo=None), body.decode("utf-8", "replace")
    )
    signed = {f"{names}-id": event_id, f"{names}-timestamp": stamp, f"{names}-signature": signature}
    # A client that insists on CSRF tokens, as browsers' forms need them.
    return Client(enforce_csrf_checks=True, raise_request_exception=False).post(
        PATH, data=body, content_type="application/json", headers={**signed, **(headers or {})}
    )


class TestAnEvent:
    @pytest.mark.parametrize(
        "kind",
        [
            "contact.created",
            "contact.updated",
            "contact.acceptsEmail.changed",
            "contact.acceptsSms.changed",
            "contact.acceptsPostal.changed",
            "contact.consent.changed",
        ],
    )
    @pytest.mark.parametrize("name", ["contactId", "ContactId", "id", "Id"])
    def test_about_a_contact_has_it_fetched(self, kind, name, woken, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            assert send(event(kind, name=name)).status_code == 204
        assert noted() == {ANNA}
        assert woken == [("contacts.following.tasks.refresh_noted",)]

    def test_brings_the_change_and_nothing_of_its_own(self, engage):
        known(engage)
        change(engage, city="Lund")
        body = event(payload={"contactId": str(ANNA), "city": "Not from Engage"})
        assert send(body).status_code == 204
        refresh_now()
        assert Contact.objects.get().snapshot["city"] == "Lund"

    def test_calls_nobody_while_it_is_answered(self, engage, wire):
        known(engage)
        send(event())
        send(event("contact.deleted"))
        assert wire.sent == []

    def test_wakes_one_worker_a_burst(self, woken, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(5):
                send(event(contact_id=uuid4()))
        assert len(woken) == 1
        assert ToRefresh.objects.count() == 5

    def test_goes_before_what_the_lists_named(self, engage):
        from contacts.following import noting

        noting.note([uuid4() for _ in range(5)], reason=noting.CHANGES)
        send(event())
        assert noting.take(1)[0].pk == ANNA

    @pytest.mark.parametrize("names", ["svix", "webhook"])
    def test_may_name_its_headers_as_svix_or_as_the_standard_does(self, names):
        assert send(event(), names=names).status_code == 204
        assert noted() == {ANNA}

    @pytest.mark.parametrize(
        "kind",
        [
            "point.balance.updated",
            "reward.voucher.created",
            "promotion.multichannel.assigned",
            "contact.x",
            "x",
        ],
    )
    def test_of_another_kind_is_taken_and_ignored(self, kind):
        assert send(event(kind)).status_code == 204
        assert noted() == set()

    def test_about_somebody_new_counts_only_where_there_is_a_copy(self, settings):
        settings.ENGAGE_LEVEL = 2
        assert send(event("contact.created")).status_code == 204
        assert noted() == set()


class TestADeletion:
    def test_is_followed_at_once(self, engage):
        known(engage)
        delete(engage)
        assert send(event("contact.deleted")).status_code == 204
        assert Contact.objects.get().deleted_at is not None
        refresh_now()
        assert Contact.objects.get().deleted_at is not None
        assert noted() == set()

    def test_that_was_taken_back_meanwhile_is_taken_back_here(self, engage):
        known(engage)
        restore(engage, delete(engage))
        send(event("contact.deleted"))
        refresh_now()
        assert Contact.objects.get().deleted_at is None
        assert Contact.objects.get().snapshot["city"] == "Stockholm"

    def test_of_whom_we_know_from_afterwards_forgets_nobody(self, engage):
        at = clock.now() - timedelta(minutes=2)
        known(engage, as_of=clock.now())
        assert send(event("contact.deleted"), at=at).status_code == 204
        assert Contact.objects.get().deleted_at is None
        assert noted() == {ANNA}

    def test_of_nobody_here_is_nothing(self):
        assert send(event("contact.deleted")).status_code == 204
        assert noted() == set()


class TestAForger:
    def refused(self, answer, status):
        assert answer.status_code == status
        assert str(ANNA) not in answer.content.decode()
        assert noted() == set()

    def test_with_another_secret_is_refused(self):
        other = "whsec_" + base64.b64encode(b"another secret of somebody").decode()
        self.refused(send(event(), secret=other), 401)

    def test_who_changes_the_body_is_refused(self):
        at, body = clock.now(), event()
        signature = Webhook(SECRET).sign("e", at.replace(microsecond=0, tzinfo=None), body.decode())
        headers = {"svix-id": "e", "svix-timestamp": str(int(at.timestamp())), "svix-signature": signature}
        answer = Client().post(
            PATH, body.replace(b"updated", b"deleted"), "application/json", headers=headers
        )
        self.refused(answer, 401)

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_who_repeats_an_old_event_is_refused(self, minutes):
        self.refused(send(event(), at=clock.now() + timedelta(minutes=minutes)), 401)

    @pytest.mark.parametrize(
        "signature", ["v1,", "v1,!!!", "nonsense", "v2,AAAA", "v1,åäö", ",,,", "v1 AAAA", "v1,AAAA v1"]
    )
    def test_with_a_signature_that_is_none_is_refused(self, signature):
        headers = {"svix-signature": signature.encode().decode("latin-1")}
        self.refused(send(event(), headers=headers), 401)

    @pytest.mark.parametrize("name", ["svix-id", "svix-timestamp", "svix-signature"])
    def test_without_a_header_is_refused(self, name):
        self.refused(send(event(), headers={name: ""}), 400)

    @pytest.mark.parametrize("stamp", ["yesterday", "nan", "inf", "1e400", "-1e18"])
    def test_with_a_time_that_is_none_is_refused(self, stamp):
        self.refused(send(event(), headers={"svix-timestamp": stamp}), 400)

    def test_finds_no_door_where_there_is_no_secret(self, settings):
        settings.ENGAGE_WEBHOOK_SECRET = ""
        self.refused(send(event()), 404)


class TestGarbage:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"nothing",
            b"[]",
            b"null",
            b"{}",
            b'{"eventType": [], "payload": []}',
            b'{"eventType": "contact.updated"}',
            b'{"eventType": "contact.updated", "payload": "x"}',
            b'{"eventType": "contact.updated", "payload": {"contactId": "anna@example.com"}}',
            b'{"eventType": "contact.deleted", "payload": {"contactId": null}}',
            b"[" * 100_000,
        ],
    )
    def test_that_is_signed_is_refused_without_a_trace(self, body, caplog):
        with caplog.at_level(logging.DEBUG):
            answer = send(body)
        assert answer.status_code == 400
        assert "anna@example.com" not in answer.content.decode() + caplog.text
        assert noted() == set()

    def test_that_is_no_text_is_refused(self):
        assert send(b"\xff\xfe").status_code == 400

    def test_that_is_large_is_not_read(self):
        assert send(b"x" * (webhooks._LARGEST + 1)).status_code == 413


class TestTwice:
    def test_the_same_event_is_taken_once(self):
        send(event(), event_id="one")
        ToRefresh.objects.all().delete()
        assert send(event(), event_id="one").status_code == 204
        assert noted() == set()

    def test_another_event_of_the_same_contact_is_taken(self):
        send(event(), event_id="one")
        ToRefresh.objects.all().delete()
        send(event(), event_id="two")
        assert noted() == {ANNA}

    def test_what_failed_may_come_again(self, monkeypatch):
        def broken(*_, **__):
            raise RuntimeError("the database went away")

        with monkeypatch.context() as patched:
            patched.setattr(webhooks, "take_news", broken)
            assert send(event(), event_id="one").status_code == 500
        assert send(event(), event_id="one").status_code == 204
        assert noted() == {ANNA}


def test_an_encrypted_event_is_taken_and_said_once(monkeypatch):
    said = []
    monkeypatch.setattr(webhooks.log, "error", lambda text, **_: said.append(text))
    for _ in range(3):
        assert send(event(isEncrypted=True, payload="b64")).status_code == 204
    assert len(said) == 1
    assert "encryption" in said[0]
    assert noted() == set()


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_the_body_claims_to_be_does_not_matter(media_type):
    assert send(event(), headers={"content-type": media_type}).status_code == 204
    assert noted() == {ANNA}


def test_it_takes_only_post():
    assert Client().get(PATH).status_code == 405


def test_it_is_described_with_its_own_security():
    from io import StringIO

    import yaml
    from django.core.management import call_command

    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    schema = yaml.safe_load(out.getvalue())
    operation = schema["paths"][PATH]["post"]
    assert operation["security"] == [{"svix": []}]
    assert schema["components"]["securitySchemes"]["svix"]["name"] == "svix-signature"
    assert {"204", "400", "401", "404", "413"} == set(operation["responses"])
    assert "svix-id" in {parameter["name"] for parameter in operation["parameters"]}


def test_an_echo_costs_one_get(engage, till):
    from tests.api.talking import ANNA as PATH_OF_ANNA

    known(engage, as_of=clock.now())
    till.patch(PATH_OF_ANNA, {"city": "Lund"})
    asked = gets(engage)
    for number in range(3):
        send(event(), event_id=f"e-{number}")
    refresh_now()
    assert gets(engage) - asked == 1
