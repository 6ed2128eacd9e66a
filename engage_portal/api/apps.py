"""REST plumbing."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Keys and the shape of errors."""

    name = "engage_portal.api"
    label = "api"

    def ready(self) -> None:
        """Forget kept answers, in time and with their person; keep figures after each request."""
        from django.core.signals import request_finished

        from engage_portal.api import shredder  # noqa: F401 - registers itself
        from engage_portal.api.metrics import keep_figures
        from engage_portal.outbox.schedule import register_schedule

        register_schedule("api answers", "engage_portal.api.tasks.purge_answers", daily=True)
        # By then the answer has left: nobody waits for figures, and no transaction is open.
        request_finished.connect(keep_figures, dispatch_uid="figures")
