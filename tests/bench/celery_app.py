"""`celery -A tests.bench.celery_app worker`: Celery with Redis, by its defaults."""

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
django.setup()

from tests.bench import peers  # noqa: E402

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", "redis://127.0.0.1:6379/10"))


@app.task(ignore_result=True)
def deliver_one(receipt_id: str) -> None:
    """One item."""
    peers.deliver_one(receipt_id)
