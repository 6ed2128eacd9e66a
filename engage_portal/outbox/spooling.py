"""The file channel: a spool file owns its items until it was picked up or withdrawn.

Spooling is a claim like sending: the same conditional update, so an item goes one way and never two.
"""

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, Min, Q, QuerySet, Value, When

from engage_portal.core import clock
from engage_portal.outbox import pauses, streams
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.registry import handlers_of, kinds
from engage_portal.outbox.states import Channel, State
from engage_portal.outbox.waking import wake_on_commit

_AT_ONCE = 200
"""Items that leave a file for reasons of their own, in one statement."""


def waiting(kind: str) -> QuerySet[Item]:
    """The items of a kind that a file might take, oldest first. What failed in a bulk call or a file goes alone."""
    found = Item.objects.filter(_may_go(), kind=kind, finished_at__isnull=True, avoids_bulk=False)
    return found.exclude(pauses.current().covering()).order_by("pk")


def following(kind: str, *, spool_file: UUID) -> QuerySet[Item]:
    """What of this comes after somebody whom a file created, oldest first. Not what was in a file before: it was taken
    out of that one, by a person or for a reason.
    """
    needed = [handler.kind for handler in kinds() if handler.holds_back]
    created = Item.objects.filter(spool_file=spool_file, channel=Channel.FILE, kind__in=needed)
    return waiting(kind).filter(spool_file__isnull=True, stream__in=created.values("stream"))


def _may_go() -> Q:
    """Waiting, or in doubt where doing it twice does no harm."""
    repeatable = [handler.kind for handler in kinds() if handler.is_repeatable]
    return Q(state=State.PENDING) | Q(state=State.IN_DOUBT, kind__in=repeatable)


@transaction.atomic
def spool(*, pks: Collection[int], spool_file: UUID) -> list[Item]:
    """Give waiting items to a file; returns those that it really owns now, in order.

    An item goes only together with, or after, all that goes before it in its stream; what truly depends on something
    in a file, a sale on the creation of its contact, waits until that was picked up. What somebody is sending, what is
    paused or in doubt (unless doing it twice does no harm), and whatever comes after that, is left alone.
    """
    free = Item.objects.filter(_may_go(), pk__in=pks).exclude(pauses.current().covering())
    rows = list(_locked(free).values_list("pk", "stream"))
    wanted = _in_order(dict(rows))
    Item.objects.filter(_may_go(), pk__in=wanted).update(
        state=State.SPOOLED,
        channel=Channel.FILE,
        spool_file=spool_file,
        is_parked=False,
        reason_code="",
        reason="",
    )
    owned = list(
        Item.objects.filter(pk__in=wanted, spool_file=spool_file, state=State.SPOOLED).order_by("pk")
    )
    _tell(owned, "put into a file")
    return owned


def _in_order(wanted: dict[int, str]) -> list[int]:
    """Those of the wanted items (number → stream) before which nothing of their stream stays behind."""
    needed = [handler.kind for handler in kinds() if handler.holds_back]
    ahead = Item.objects.filter(holds=True, stream__in=set(wanted.values()))
    behind = ahead.exclude(~Q(kind__in=needed), state=State.SPOOLED).exclude(
        ~Q(kind__in=needed), pk__in=wanted
    )
    first = dict(behind.order_by().values("stream").annotate(first=Min("pk")).values_list("stream", "first"))
    return [pk for pk, stream in wanted.items() if pk <= first.get(stream, pk)]


def _locked(rows: QuerySet[Item]) -> QuerySet[Item]:
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows


@transaction.atomic
def withdraw(*, spool_file: UUID) -> int:
    """The file will never leave: its items are as before, due at once. Returns how many; may run twice."""
    count = 0
    for items in inside(spool_file):
        Item.objects.filter(
            pk__in=[item.pk for item in items], spool_file=spool_file, state=State.SPOOLED
        ).update(state=_as_before(), channel=Channel.API, not_before=clock.now())
        streams.let_go({item.stream for item in items})
        _tell(items, "withdrawn from a file")
        count += len(items)
    if count:
        wake_on_commit()
    return count


@transaction.atomic
def set_aside(*, spool_file: UUID, reasons: Mapping[int, str], goes_alone: bool = True) -> int:
    """Take items (number → why) out of their file, where their records cannot be written: each goes alone, so that
    Engage says why. What comes after them in their streams stays in its file. Returns how many the file owned still.
    """
    left = sorted(reasons)
    count = 0
    while some := left[:_AT_ONCE]:
        left = left[_AT_ONCE:]
        mine = Item.objects.filter(pk__in=some, spool_file=spool_file, state=State.SPOOLED)
        found = {item.pk: item for item in mine.select_for_update(of=("self",)).order_by("pk")}
        why = {pk: reasons[pk][:300] for pk in found}
        if found:
            _leave(mine.filter(pk__in=found), why, goes_alone=goes_alone)
            Event.objects.bulk_create(
                Event(item=item, what="left out of a file", detail=why[pk]) for pk, item in found.items()
            )
        count += len(found)
    if count:
        wake_on_commit()
    return count


def _leave(items: QuerySet[Item], why: Mapping[int, str], *, goes_alone: bool) -> None:
    items.update(
        state=_as_before(),
        channel=Channel.API,
        not_before=clock.now(),
        avoids_bulk=goes_alone,
        reason_code="NotForAFile",
        reason=Case(*(When(pk=pk, then=Value(reason)) for pk, reason in why.items())),
    )


@transaction.atomic
def picked_up(*, spool_file: UUID) -> int:
    """Engage took the file: its items are accepted. Returns how many; may run twice.

    Should one of them never be seen there, it is looked up before it is sent another way.
    """
    count, now = 0, clock.now()
    for items in inside(spool_file):
        Item.objects.filter(
            pk__in=[item.pk for item in items], spool_file=spool_file, state=State.SPOOLED
        ).update(
            state=State.ACCEPTED,
            holds=False,
            not_before=now,
            finished_at=now,
            looks_first=True,
            was_in_doubt=True,
        )
        for handler, mine in handlers_of(items):
            handler.went_by_file(mine)
        streams.let_go({item.stream for item in items})
        _tell(items, "picked up by Engage")
        count += len(items)
    if count:
        wake_on_commit()
    return count


def doubt(*, spool_file: UUID) -> int:
    """Engage may have taken the file, and nobody can tell: should its items leave it, they are in doubt. Returns how
    many; may run twice.
    """
    mine = Item.objects.filter(spool_file=spool_file, state=State.SPOOLED)
    return mine.update(looks_first=True, was_in_doubt=True)


def inside(spool_file: UUID, *, batch: int = 500) -> Iterator[list[Item]]:
    """What a file owns, in order, a batch at a time."""
    last = 0
    rows = Item.objects.filter(spool_file=spool_file, state=State.SPOOLED).order_by("pk")
    while items := list(rows.filter(pk__gt=last)[:batch]):
        yield items
        last = items[-1].pk


def _as_before() -> Case:
    """Where an item goes that leaves a file unsent: in doubt, where it was."""
    return Case(
        When(looks_first=True, was_in_doubt=True, then=Value(State.IN_DOUBT)), default=Value(State.PENDING)
    )


def _tell(items: Collection[Item], what: str) -> None:
    Event.objects.bulk_create([Event(item=item, what=what) for item in items])
