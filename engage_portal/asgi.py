"""The entry for ASGI servers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engage_portal.settings")
application = get_asgi_application()

from engage_portal.checks import refuse_bad_configuration  # noqa: E402 - needs Django to be set up

refuse_bad_configuration()
