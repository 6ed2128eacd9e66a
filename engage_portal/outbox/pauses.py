"""Stopping the queue, or a part of it, and letting it go on. Who did it, and why, is kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from engage_portal.core import clock
from engage_portal.outbox.models import Item, Pause
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.waking import wake_on_commit


class AlreadyPausedError(Exception):
    """This part of the queue is paused already."""


class PauseRefusedError(Exception):
    """The wish makes no sense; the text says why and names the field."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pauses in force at one moment."""

    running: tuple[Pause, ...]

    @property
    def stop_everything(self) -> bool:
        """Whether nothing at all may go."""
        return any(not pause.kind and not pause.store for pause in self.running)

    def cover(self, *, kind: str, store: str) -> bool:
        """Whether items of a kind and store may not go."""
        return any(pause.kind in {"", kind} and pause.store in {"", store} for pause in self.running)

    def covering(self) -> Q:
        """The condition on items that may not go."""
        return _any(_covered_by(pause) for pause in self.running)


def current() -> Pauses:
    """What is paused now. One query over a handful of rows."""
    return Pauses(tuple(running()))


def running() -> QuerySet[Pause]:
    """The pauses that nobody has ended, oldest first."""
    return Pause.objects.filter(ended_at__isnull=True).order_by("started_at", "pk")


def past() -> QuerySet[Pause]:
    """The pauses that ended, newest first."""
    return Pause.objects.filter(ended_at__isnull=False).order_by("-ended_at", "-pk")


def pause(*, by: str, reason: str, kind: str = "", store: str = "") -> Pause:
    """Stop sending: everything, a kind, a store, or a kind in a store. What is being sent is finished.

    Raises PauseRefusedError without a reason or for an unknown kind, AlreadyPausedError where exactly this is paused.
    """
    if not reason.strip():
        raise PauseRefusedError("reason: say why, so that others know when it may go on.")
    if kind and kind not in {handler.kind for handler in kinds()}:
        raise PauseRefusedError(f"kind: there is no kind {kind}.")
    try:
        with transaction.atomic():
            return Pause.objects.create(
                kind=kind, store=store.strip(), reason=reason.strip()[:300], started_by=by
            )
    except IntegrityError:
        raise AlreadyPausedError("This is paused already.") from None


@transaction.atomic
def resume(*, by: str, pauses: Iterable[Pause]) -> int:
    """End pauses; what they held back is due at once. Returns how many were still running; may run twice."""
    ended = 0
    for each in pauses:
        done = running().filter(pk=each.pk).update(ended_at=clock.now(), ended_by=by)
        if done:
            Item.objects.filter(_covered_by(each), is_parked=True).update(is_parked=False)
        ended += done
    if ended:
        wake_on_commit()
    return ended


def _covered_by(pause: Pause) -> Q:
    named = {name: value for name, value in (("kind", pause.kind), ("store", pause.store)) if value}
    return Q(**named) if named else Q(pk__isnull=False)


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found
