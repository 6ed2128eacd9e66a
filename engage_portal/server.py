"""How gunicorn serves the portal (`Procfile`); read by `gunicorn --config python:engage_portal.server`."""

import gc
import os
import sys
from typing import Any

_HIGHEST_PORT = 65_535
_port = os.environ.get("PORT") or "8000"
if not (
    _port.isdecimal() and 0 < int(_port) <= _HIGHEST_PORT
):  # gunicorn reads this before Django checks anything
    sys.exit("Engage Portal does not start:\n  PORT must be a whole number from 1 to 65535.")

bind = f"0.0.0.0:{_port}"
# Threads wait for Engage within the time budget, so there are more of them than cores.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 24
timeout = 60
graceful_timeout = 20
keepalive = 15
# Our own request log says the same without the query string, where look-ups carry e-mail addresses.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_worker_init(_worker: Any) -> None:
    """Once the application is loaded: leave it out of every later garbage collection.

    It stays for good. Looking through it holds up all threads of the process, for a tenth of a second each time.
    """
    gc.collect()
    gc.freeze()
