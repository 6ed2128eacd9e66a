"""Reading the files for Engage."""

from django.db.models import Count, Min, QuerySet

from engage_portal.fallback.models import ENDED, SpoolFile


def open_files() -> dict[str, int]:
    """How many files are on their way, for every state that is not an end. Ended ones are not read."""
    states = [state.value for state in SpoolFile.State if state not in ENDED]
    rows = (
        SpoolFile.objects.filter(state__in=states)
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    return dict.fromkeys(states, 0) | dict(rows)


def next_of_types() -> dict[str, int]:
    """The number of the file whose turn it is to be uploaded, for every type that has one: others wait behind it."""
    ready = SpoolFile.objects.filter(state=SpoolFile.State.READY).order_by()
    return dict(ready.values("file_type").annotate(first=Min("number")).values_list("file_type", "first"))


def in_trouble() -> QuerySet[SpoolFile]:
    """The files that do not go on, the oldest first."""
    return SpoolFile.objects.exclude(state__in=ENDED).exclude(problem="").order_by("number")
