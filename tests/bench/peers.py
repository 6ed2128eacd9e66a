"""One task per item, as django-q2 and Celery would have it: load the row, post, update the row.

Generous to them: each process keeps one HTTP client, and queueing the tasks is not counted.
"""

import os
from uuid import UUID

import httpx
from django_q.tasks import async_task

from engage_portal.api.keys import key_create
from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from receipts.models import Receipt

_clients: dict[int, httpx.Client] = {}
HEADERS = {"apikey": "bench", "User-Agent": "bench", "Content-Type": "application/json"}


def deliver_one(receipt_id: str) -> None:
    """The task's body."""
    receipt = Receipt.objects.get(pk=UUID(receipt_id))
    _client().post("/api/v3/receipts", content=receipt.body.encode()).raise_for_status()
    Item.objects.filter(subject_id=receipt.pk).update(
        state=State.ACCEPTED, holds=False, finished_at=clock.now()
    )


def _client() -> httpx.Client:
    """This process's client; made after the fork."""
    if os.getpid() not in _clients:
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        _clients[os.getpid()] = httpx.Client(
            base_url=os.environ["ENGAGE_BASE_URL"], headers=HEADERS, limits=limits, timeout=30
        )
    return _clients[os.getpid()]


def queue_q2(prefix: str) -> None:
    """A django-q2 task for each item."""
    for receipt_id in _waiting(prefix):
        async_task("tests.bench.peers.deliver_one", receipt_id)


def queue_celery(prefix: str) -> None:
    """A Celery task for each item."""
    from tests.bench.celery_app import deliver_one as task

    for receipt_id in _waiting(prefix):
        task.delay(receipt_id)


def _waiting(prefix: str) -> list[str]:
    return [str(item.subject_id) for item in Item.objects.filter(reference__startswith=f"{prefix}-")]


def till_key() -> str:
    """A key for the API."""
    return key_create(name="till-101-1", store="101")
