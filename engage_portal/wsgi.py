"""The web process's entry: `gunicorn engage_portal.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engage_portal.settings")
application = get_wsgi_application()

from django.urls import resolve  # noqa: E402 - these need Django to be set up

from engage_portal.checks import refuse_bad_configuration  # noqa: E402
from engage_portal.outbox.line import door  # noqa: E402

refuse_bad_configuration()
# Imports every view now: the first till to call should not pay for it out of its time budget. Nor for threads.
resolve("/api/v3/receipts")
door.get_ready()
