"""The portal's web process without its refusal of an Engage that has no TLS: here it stands on this machine."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.urls import resolve  # noqa: E402

from engage_portal.outbox.line import door  # noqa: E402

resolve("/api/v3/receipts")
door.get_ready()
