"""django-q2's schedules: written after `migrate`, so that a fresh database has them."""

from typing import Any

_SCHEDULES = (
    ("outbox sweep", "engage_portal.outbox.tasks.sweep", "I", 1),
    ("outbox purge", "engage_portal.outbox.tasks.purge", "D", None),
)


def ensure_schedules(**_kwargs: Any) -> None:
    """Make the schedules as they should be; may run twice."""
    from django.db import connection
    from django_q.models import Schedule

    if "django_q_schedule" not in connection.introspection.table_names():
        return  # django_q migrates after us on a fresh database; post_migrate comes again
    for name, func, kind, minutes in _SCHEDULES:
        Schedule.objects.update_or_create(
            name=name, defaults={"func": func, "schedule_type": kind, "minutes": minutes, "repeats": -1}
        )
