"""Probes come to an address, not to a name, and carry no key."""

import pytest

from engage_portal.core import clock
from engage_portal.outbox.models import Heartbeat


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "portal.invalid"])
def test_alive_answers_to_any_host_name(client, host):
    answer = client.get("/healthz", headers={"host": host})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_means_that_a_worker_took_a_task_lately(client):
    assert client.get("/readyz").status_code == 503
    Heartbeat.objects.create(host="here", beat_at=clock.now())
    assert client.get("/readyz").json() == {"database": "ok", "worker": "ok"}


def test_other_addresses_still_check_the_host_name(client):
    assert client.get("/sign-in/", headers={"host": "portal.invalid"}).status_code == 400
