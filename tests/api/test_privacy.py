"""After everything that tills do: nothing personal in logs, task arguments or the queue's tables."""

import logging
from io import StringIO
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from engage_portal.api.keys import key_create
from engage_portal.core.logs import logging_config
from engage_portal.core.privacy import shred
from engage_portal.sandbox import seeds
from tests.api.talking import (
    ANNA,
    ASSIGNMENTS,
    CONTACTS,
    ID,
    OUTBOX,
    RECEIPTS,
    TRANSACTIONS,
    bring_up,
    deliver_all,
    items,
    new_contact,
    redeem_path,
    take_down,
)
from tests.conftest import client_with, make_receipt

SECRET = [
    "erik", "anna@", "Ekqvist", "735654321", "701740699", "19860412", "860412-1234", "28972987289", "Hemligatan",
    "dana@", "nobody@", "Arkberg", "Kluck",
]  # fmt: skip


@pytest.fixture
def spoken():
    """Everything that a process writes, as in production: all of it, as JSON lines."""
    logging_config(debug=False)
    written = StringIO()
    handlers = [*logging.getLogger().handlers, *logging.getLogger("django-q").handlers]
    streams = [handler for handler in handlers if type(handler) is logging.StreamHandler]
    assert streams
    for handler in streams:
        handler.setStream(written)
    yield written
    logging_config(debug=False, quiet=True)


def live_through_a_day(engage, till) -> None:
    person = new_contact(
        lastName="Ekqvist",
        mobilePhone="+46701740699",
        socialSecurityNumber="19860412-1234",
        street="Hemligatan 1",
    )
    for query in ("email=anna@example.com", "mobilePhone=%2B46735654321", "customKey=28972987289", "any=nobody@example.com",
                  "email=dana@example.com", "email=%00anna@example.com"):  # fmt: skip
        till.get(f"{ID}?{query}")
    for path in (
        ANNA,
        f"{TRANSACTIONS}?contactId={seeds.ANNA_ID}",
        f"{ASSIGNMENTS}?contactId={seeds.ANNA_ID}",
    ):
        till.get(path)
    till.post(CONTACTS, person, HTTP_IDEMPOTENCY_KEY="erik@example.com")
    till.post(CONTACTS, person)
    till.post(CONTACTS, {**person, "email": "Kluck"})
    till.post(CONTACTS, {**person, "email": "anna@example.com", "birthDay": "Kluck"})
    till.patch(ANNA, {"careOf": "Hemligatan", "birthDay": "Kluck anna@example.com"})
    till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"})
    email = {"matchKey": "anna@example.com", "matchKeyType": "email"}
    till.post(RECEIPTS, make_receipt("101-1", contact=email))
    till.post(
        RECEIPTS, make_receipt("101-2", contact={"matchKey": "+46735654321", "matchKeyType": "mobilePhone"})
    )
    till.post(RECEIPTS, make_receipt("101-3", contact={**email, "mail": "anna@example.com"}))
    till.post(RECEIPTS, make_receipt("101-1", contact=email, receiptNumber="other"))
    take_down(engage)
    till.post(
        CONTACTS,
        {**person, "email": "erik2@example.com", "mobilePhone": "+46701740698", "socialSecurityNumber": ""},
    )
    till.patch(ANNA, {"street": "Hemligatan 2", "email": "anna@example.org"})
    till.get(f"{ID}?email=nobody@example.com")
    engage.engage.faults.set("lost_answer")
    deliver_all()
    bring_up(engage)
    till.get(OUTBOX)
    for item in items():
        till.get(f"{OUTBOX}/{item.pk}")
        till.post(f"{OUTBOX}/{item.pk}/retry")
    till.get("/api/v3/nothing?email=anna@example.com")
    till.get("/nothing?email=anna@example.com")


def rows_of(prefix: str) -> str:
    with connection.cursor() as cursor:
        tables = [table for table in connection.introspection.table_names(cursor) if table.startswith(prefix)]
        assert tables
        texts = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            texts += [str(value) for row in cursor.fetchall() for value in row]
    return " ".join(texts)


def queued_tasks() -> list[dict]:
    """What stands in the broker, as a worker would read it."""
    if not django_settings.REDIS_URL:
        return [SignedPackage.loads(task.payload) for task in OrmQ.objects.all()]
    broker = get_broker()
    return [SignedPackage.loads(each) for each in broker.connection.lrange(broker.list_key, 0, -1)]


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRET if secret.casefold() in text.casefold()]


@pytest.mark.django_db(transaction=True)
def test_nothing_personal_outside_the_tables_it_belongs_in(engage, settings, spoken):
    live_through_a_day(engage, client_with(key_create(name="till-101-1", store="101")))
    said = spoken.getvalue()
    assert "/api/v3/contacts/id" in said
    assert not leaks(said)
    assert len(items()) >= 6
    assert not leaks(rows_of("outbox_"))
    tasks = queued_tasks()
    assert tasks
    assert not leaks(str(tasks))
    assert not leaks(rows_of("django_q_"))
    for row in items():
        assert not leaks(f"{row.reference} {row.reason} {row.stream}")


@pytest.mark.django_db
def test_a_fault_of_ours_logs_no_personal_data(engage, till, receipt_body, monkeypatch, spoken):
    def broken(**_):
        raise ZeroDivisionError("erik@example.com and +46701740699")

    monkeypatch.setattr("receipts.api.receipt_record", broken)
    till.raise_request_exception = False
    assert till.post(RECEIPTS, receipt_body()).status_code == 500
    said = spoken.getvalue()
    assert "ZeroDivisionError" in said
    assert not leaks(said)


@pytest.mark.django_db
def test_the_clients_own_log_names_operations_only(engage, till, caplog):
    caplog.set_level(logging.DEBUG)
    till.get(f"{ID}?email=anna@example.com")
    till.patch(ANNA, {"street": "Hemligatan 2"})
    assert "GET /api/v3/contacts/id" in caplog.text
    assert not leaks(caplog.text)
    shred(UUID(seeds.ANNA_ID))
