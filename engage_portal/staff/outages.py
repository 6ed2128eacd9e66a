"""What the pages about outages show: how each stands, what was kept, and what happened, moment by moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, DateTimeField, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolEvent
from engage_portal.outbox.line import outages
from engage_portal.outbox.line.outages import Kept, Left
from engage_portal.outbox.models import Item, Outage
from engage_portal.outbox.states import State
from engage_portal.outbox.words import items_in_words, kind_label, lasted
from engage_portal.staff.spool import Moment, ahead, events, moments

_SHOWN_AT_ONCE = 100
_READ_AT_ONCE = 500
"""Events of files: several of them are one line."""
_EVENTS_BESIDE_FILES = 40
_OUTAGES_BESIDE_FILES = 5
_FOLLOWED_FOR = timedelta(hours=1)
"""How long after its end a page follows an outage by itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an outage stands."""

    label: str
    tone: str
    emptied_at: datetime | None
    moves: bool = False
    """Whether it changes so soon that the page looks again by itself."""


def standing(outage: Outage, kept: Kept | None, left: Left | None) -> Standing:
    """The state of an outage; when the queue was empty is for one that was not counted as the row says it."""
    if outage.is_running:
        return Standing("Engage is away", "bad", None, moves=True)
    if left is Left.PAUSED:
        return Standing("Held by a pause", "wait", None)
    if left is Left.MOVING:
        return Standing("Catching up", "wait", None, moves=_has_just_ended(outage))
    emptied_at = outage.emptied_at if kept is None else outages.emptied_at(outage, kept)
    return Standing("Over", "good", emptied_at)


def _has_just_ended(outage: Outage) -> bool:
    """What is on its way for longer than this waits for something; counting costs as much as the outage was large."""
    return outage.ended_at is not None and clock.now() - outage.ended_at < _FOLLOWED_FOR


def with_files() -> QuerySet[Outage]:
    """All outages, newest first, each with how many files were uploaded until its queue was empty. One query."""
    uploaded = SpoolEvent.objects.filter(
        what="uploaded",
        at__gte=OuterRef("began_at"),
        at__lte=Coalesce(OuterRef("emptied_at"), Value(clock.now(), DateTimeField())),
    )
    count = uploaded.order_by().values("what").annotate(number=Count("file", distinct=True)).values("number")
    return outages.newest().annotate(files=Coalesce(Subquery(count, output_field=IntegerField()), 0))


def story(outage: Outage, kept: Kept, left: Left | None) -> list[Moment]:
    """One outage, oldest first: Engage gone, what was kept, files, Engage back, everything arrived, what comes next."""
    found = [*_beginning(outage), *_files(outage), *_ending(outage), *_arrival(outage, kept, left)]
    if outage.is_running:
        found += ahead(outage.began_at)
    return sorted(found, key=lambda moment: moment.at)


def beside_files() -> list[Moment]:
    """What happened to files and to Engage lately, newest first; in an outage only since it began, and what is next."""
    running = outages.running()
    happened = events().filter(at__gte=running.began_at) if running else events()
    found = moments(happened[:_READ_AT_ONCE])[:_EVENTS_BESIDE_FILES]
    if running:
        found += [_gone(running), *ahead(running.began_at)]
    else:
        for outage in outages.newest()[:_OUTAGES_BESIDE_FILES]:
            found += [_gone(outage), *_back(outage)]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def url_of(outage: Outage) -> str:
    """Where its page is."""
    return reverse("staff:outage", args=[outage.pk])


def _beginning(outage: Outage) -> list[Moment]:
    found = []
    if outage.last_answer_at is not None and outage.last_answer_at <= outage.began_at:
        found.append(Moment(outage.last_answer_at, "Engage was last known to answer"))
    found += [
        Moment(outage.began_at, "Engage stopped answering", outage.error, tone="bad"),
        Moment(
            outage.opened_at,
            "Calls were stopped",
            "From here on what came in was kept, and Engage only tested.",
        ),
    ]
    first = outages.items_of(outage).order_by("pk").first()
    return [*found, _first_kept(first)] if first else found


def _first_kept(item: Item) -> Moment:
    detail = " ".join(
        part for part in (item.reference, f"in store {item.store}" if item.store else "") if part
    )
    title = f"The first item was kept: {kind_label(item.kind).lower()} #{item.pk}"
    return Moment(item.created_at, title, detail, url=reverse("staff:item", args=[item.pk]))


def _files(outage: Outage) -> list[Moment]:
    until = outage.emptied_at or clock.now()
    happened = events().filter(at__gte=outage.began_at, at__lte=until).order_by("at", "pk")
    read = list(happened[: _READ_AT_ONCE + 1])
    found = moments(read[:_READ_AT_ONCE])
    if len(read) <= _READ_AT_ONCE and len(found) <= _SHOWN_AT_ONCE:
        return found
    shown = found[:_SHOWN_AT_ONCE]
    return [*shown, Moment(shown[-1].at, "More happened to files", url=reverse("staff:files"))]


def _gone(outage: Outage) -> Moment:
    return Moment(
        outage.began_at, "Engage stopped answering", outage.get_cause_display() + ".", "bad", url_of(outage)
    )


def _back(outage: Outage) -> list[Moment]:
    if outage.ended_at is None:
        return []
    return [
        Moment(outage.ended_at, "Engage answers again", f"After {lasted(outage)}.", "good", url_of(outage))
    ]


def _ending(outage: Outage) -> list[Moment]:
    if outage.ended_at is None:
        return []
    detail = f"After {lasted(outage)}."
    if outage.returns:
        times = "once" if outage.returns == 1 else f"{outage.returns} times"
        detail += f" It had answered {times} in between, and was gone again within a minute."
    return [Moment(outage.ended_at, "Engage answers again", detail, tone="good")]


def _arrival(outage: Outage, kept: Kept, left: Left | None) -> list[Moment]:
    """What became of what was kept."""
    at = outages.emptied_at(outage, kept)
    if outage.is_running or not kept.total:
        return []
    states = ", ".join(f"{number:,} {state.label.lower()}" for state, number in kept.by_state.items())
    if at is None:
        how = "held by a pause" if left is Left.PAUSED else "still on the way"
        words = f"{items_in_words(kept.on_its_way)} of {kept.total:,} {how}"
        return [Moment(clock.now(), words, is_ahead=True)]
    stopped = kept.by_state.get(State.ATTENTION, 0)
    if stopped:
        verb = "needs" if stopped == 1 else "need"
        words = f"Nothing of it is on its way any more; {items_in_words(stopped)} {verb} a person"
    elif State.CANCELLED in kept.by_state:
        words = "Everything that was kept has been sent or was cancelled"
    else:
        words = "Everything that was kept has been sent"
    return [Moment(at, words, f"{states}.", tone="bad" if stopped else "good")]
