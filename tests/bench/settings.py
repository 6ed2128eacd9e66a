"""Django's settings of the portal while it is measured: as deployed, with Engage on this machine and a free rate."""

import os

from engage_portal.settings import *  # noqa: F403

# Engage stands on this machine, without TLS; DEBUG stays off, else Django would keep every query in memory.
SILENCED_SYSTEM_CHECKS = ["engage_portal.E005"]

if os.environ.get("BENCH_UNLIMITED"):
    ENGAGE_RATE = 1_000_000

if os.environ.get("BENCH_TASK_PER_ITEM"):
    # django-q2's own defaults, written out for the portal's checks: as many workers as cores, the queue their square.
    _cores = os.cpu_count() or 1
    _broker = {"django_redis": "default"} if os.environ["REDIS_URL"] else {"orm": "default"}
    _size = {"workers": _cores, "queue_limit": _cores**2}
    Q_CLUSTER = {"name": "bench", "timeout": 90, "retry": 90 * (_cores + 2), **_size, **_broker}
