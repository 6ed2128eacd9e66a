"""The web process's entry: `gunicorn engage_portal.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engage_portal.settings")
application = get_wsgi_application()

from engage_portal.checks import refuse_bad_configuration  # noqa: E402 - needs Django to be set up

refuse_bad_configuration()
