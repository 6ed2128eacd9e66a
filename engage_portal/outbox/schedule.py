"""django-q2's schedules: written after `migrate`, so that a fresh database has them."""

from typing import Any

from django.db.models import Q
from django_q.tasks import async_task

_PACKAGES = ("engage_portal", "contacts", "promotions", "receipts")
_schedules: dict[str, tuple[str, str, int | None]] = {}
_at_start: set[str] = set()


def register_schedule(
    name: str, func: str, *, daily: bool = False, minutes: int | None = None, at_start: bool = False
) -> None:
    """Have a function (by its dotted path, without arguments) run once a day or every so many minutes.

    Called while the apps load; registering a name again replaces it. The schedule itself is written after `migrate`.
    With `at_start` a worker that starts runs it at once, too: what pages show should not wait for its first time.
    """
    if daily == (minutes is not None):
        raise ValueError("a schedule is either daily or every so many minutes")
    _schedules[name] = (func, "D" if daily else "I", minutes)
    (_at_start.add if at_start else _at_start.discard)(name)


def run_at_start() -> None:
    """Queue what a worker does first. May run twice, as every task may."""
    for name in sorted(_at_start):
        async_task(_schedules[name][0], task_name=f"{name} at start")  # type: ignore[no-untyped-call]


register_schedule("outbox sweep", "engage_portal.outbox.tasks.sweep", minutes=1)
register_schedule("outbox purge", "engage_portal.outbox.tasks.purge", daily=True)


def ensure_schedules(**_kwargs: Any) -> None:
    """Make the schedules as they should be, and end those of ours that a setting has switched off; may run twice."""
    from django.db import connection
    from django_q.models import Schedule

    if "django_q_schedule" not in connection.introspection.table_names():
        return  # django_q migrates after us on a fresh database; post_migrate comes again
    for name, (func, kind, minutes) in _schedules.items():
        Schedule.objects.update_or_create(
            name=name, defaults={"func": func, "schedule_type": kind, "minutes": minutes, "repeats": -1}
        )
    ours = Q(*[("func__startswith", f"{package}.") for package in _PACKAGES], _connector=Q.OR)
    Schedule.objects.filter(ours).exclude(name__in=_schedules).delete()
