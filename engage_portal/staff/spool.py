"""What the pages about files show: what happened to them, moment by moment, and the tone of each state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from engage_portal.fallback.dropbox import is_configured
from engage_portal.fallback.models import FOLLOWED, SpoolEvent, SpoolFile
from engage_portal.fallback.spool.starting import RULE
from engage_portal.fallback.words import files_in_words

State = SpoolFile.State
_TONES: dict[str, str] = {
    State.WRITING: "wait",
    State.READY: "wait",
    State.UPLOADED: "wait",
    State.STUCK: "bad",
    State.PICKED_UP: "good",
}
_BAD = {"upload failed", "writing failed", "stuck", "one left out", "lost here", "left lying"}
_GOOD = {"picked up", "uploaded"}
_TOLD_TOGETHER = {"begun", "written", "uploaded", "picked up", "withdrawn"}
_WORDS = {
    "begun": "begun",
    "written": "written and checked",
    "uploaded": "uploaded",
    "picked up": "picked up by Engage",
    "withdrawn": "withdrawn",
    FOLLOWED: "is followed by sales of people in it",
    "upload failed": "could not be uploaded",
    "writing failed": "could not be written",
    "one left out": "goes without one record",
    "stuck": "needs a person",
    "lost here": "was lost here",
    "begun again": "is uploaded anew",
    "goes again": "is uploaded again, a person decided",
    "left lying": "may have left something in Engage's folder",
    "downloaded": "was downloaded",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    title: str
    detail: str = ""
    tone: str = "plain"
    url: str = ""
    """Of the page that it is about."""
    is_ahead: bool = False
    """It has not happened yet."""


def tone_of(state: str) -> str:
    """The colour of a file's state."""
    return _TONES.get(state, "plain")


def story(file: SpoolFile) -> list[Moment]:
    """What happened to one file, oldest first."""
    return [
        Moment(event.at, event.what.capitalize(), _who(event), _tone(event))
        for event in file.events.order_by("pk")[:200]
    ]


def moments(events: Iterable[SpoolEvent]) -> list[Moment]:
    """Events of files as lines of a timeline; what went well with several in a row within a minute is one line."""
    return [_together(list(row)) for _, row in groupby(events, key=_alike)]


def events() -> QuerySet[SpoolEvent]:
    """What happened to files, with them; newest first."""
    return SpoolEvent.objects.select_related("file").order_by("-at", "-pk")


def _alike(event: SpoolEvent) -> tuple[object, ...]:
    if event.what not in _TOLD_TOGETHER:
        return (event.pk,)
    return (event.what, event.actor, event.at.replace(second=0, microsecond=0))


def _together(row: list[SpoolEvent]) -> Moment:
    if len(row) == 1:
        return _moment(row[0])
    first, numbers = row[0], sorted({event.file.pk for event in row})
    is_run = numbers[-1] - numbers[0] == len(numbers) - 1
    files = f"Files {numbers[0]}–{numbers[-1]}" if is_run else files_in_words(len(numbers)).capitalize()
    details = {_who(event) for event in row}
    return Moment(
        first.at,
        f"{files} {_WORDS[first.what]}",
        details.pop() if len(details) == 1 else "",
        _tone(first),
        reverse("staff:files"),
    )


def _moment(event: SpoolEvent) -> Moment:
    file = event.file
    words, url = _WORDS.get(event.what, event.what), reverse("staff:file", args=[file.pk])
    return Moment(event.at, f"File {file.pk} {words}", _who(event), _tone(event), url)


def _who(event: SpoolEvent) -> str:
    who = "" if event.actor == "portal" else f"By {event.actor}."
    return " ".join(part for part in (event.detail, who) if part)


def _tone(event: SpoolEvent) -> str:
    return "bad" if event.what in _BAD else "good" if event.what in _GOOD else "plain"


def ahead(since: datetime) -> list[Moment]:
    """When files are begun by rule, if that is still to come: what staff began before does not stand for it."""
    if not settings.SPOOL_AFTER or not is_configured():
        return []
    at = since + timedelta(hours=settings.SPOOL_AFTER)
    begun = SpoolFile.objects.filter(made_at__gte=since, is_for_outage=True, made_by=RULE).exists()
    return [] if begun else [Moment(at, "What waits goes in files, unless Engage is back", is_ahead=True)]
