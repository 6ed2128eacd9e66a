"""How gunicorn serves the portal (`Procfile`); read by `gunicorn --config python:engage_portal.server`."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
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
