"""Probes come to an address, not to a name, and carry no key."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from engage_portal.core import clock
from engage_portal.outbox.models import Heartbeat
from engage_portal.outbox.states import State
from tests.api.talking import know_it_is_down
from tests.outbox.building import item

READY = {"database": "ok", "cache": "ok", "worker": "ok", "oldestWaitingSeconds": None, "engage": "up"}


@pytest.fixture
def worker(db):
    """A worker that took a task just now."""
    Heartbeat.objects.create(host="here", beat_at=clock.now())


def readiness(client):
    """The probe's status and what it says."""
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "portal.invalid"])
def test_alive_answers_to_any_host_name(client, host):
    answer = client.get("/healthz", headers={"host": host})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "portal.invalid"])
def test_ready_answers_to_any_host_name(client, worker, host):
    assert client.get("/readyz", headers={"host": host}).status_code == 200


@pytest.mark.django_db
def test_ready_means_that_a_worker_took_a_task_lately(client):
    assert readiness(client) == (503, {**READY, "worker": "missing"})
    beat = Heartbeat.objects.create(host="here", beat_at=clock.now() - timedelta(minutes=5))
    assert readiness(client) == (503, {**READY, "worker": "missing"})
    Heartbeat.objects.filter(pk=beat.pk).update(beat_at=clock.now())
    assert readiness(client) == (200, READY)


def test_ready_tells_how_long_the_oldest_has_waited(client, worker):
    item(state=State.ATTENTION, created_at=clock.now() - timedelta(days=1))
    assert readiness(client) == (200, READY)
    item(created_at=clock.now() - timedelta(minutes=5))
    status, told = readiness(client)
    assert status == 200
    assert 300 <= told["oldestWaitingSeconds"] < 360


def test_engage_being_away_is_no_reason_to_be_unready(client, worker):
    know_it_is_down()
    assert readiness(client) == (200, {**READY, "engage": "down"})


@pytest.mark.parametrize(
    "broken",
    [
        {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"},
        {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "no_such_table"},
    ],
)
def test_a_cache_that_keeps_nothing_makes_it_unready(client, worker, settings, broken):
    settings.CACHES = {"default": broken}
    assert readiness(client) == (503, {**READY, "cache": "failed"})


def test_a_broken_database_is_told_in_the_same_shape(client, worker, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

    def broken(*_arguments):
        raise OperationalError("the database went away")

    with connection.execute_wrapper(broken):
        assert readiness(client) == (
            503,
            {**READY, "database": "failed", "worker": "unknown", "engage": "unknown"},
        )
    assert readiness(client) == (200, READY)


def test_other_addresses_still_check_the_host_name(client):
    assert client.get("/sign-in/", headers={"host": "portal.invalid"}).status_code == 400
