"""`sync`: reads what changed in Engage and fetches it, until the copy is up to date."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from threading import Event

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count, Min, Q
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import get_default_timezone, make_aware
from rich.text import Text

from contacts.commands.patience import Patience
from contacts.following.reading import Followed, follow
from contacts.following.refreshing import Refreshed, refresh_due
from contacts.following.waking import READING, Lease, alone
from contacts.models import ToRefresh
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.bodies import iso
from engage_portal.outbox.commands.bar import progress
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.stopping import told_to_stop
from engage_portal.outbox.commands.words import moment
from engage_portal.outbox.line import breaker

_OTHERS_SECONDS = 60.0
_NAP_SECONDS = 0.5


def sync(options: Options, terminal: Terminal) -> Answer:
    """Follow Engage now, and say what came of it."""
    with told_to_stop() as told, progress(terminal, told, left=_due, words="Following Engage") as move_bar:
        patience = Patience(told, move_bar)
        with _alone(told) as lease:

            def is_over() -> bool:
                lease.renew()
                return told.is_set()

            followed = follow(until=clock.now(), since=options["since"], is_over=is_over)
        refreshed = _refresh_all(patience)
    left = ToRefresh.objects.aggregate(
        total=Count("pk"), due=Count("pk", filter=Q(not_before__lte=clock.now())), next_at=Min("not_before")
    )
    why = followed.problem or followed.trouble or ("Ended on request." if followed.is_unfinished else "")
    if not why and left["total"]:
        why = patience.why(_left_in_words(**left))
    return Answer(
        _document(followed, refreshed, left["total"], why), _in_words(followed, refreshed), trouble=why
    )


def _refresh_all(patience: Patience) -> Refreshed:
    """Fetch all that is noted. What a worker has taken at the same time is waited for; what failed is not."""
    done, seen = Refreshed(), 0

    def is_over() -> bool:
        nonlocal seen
        if done.total > seen:
            seen = done.total
            patience.progressed()
        return patience.is_over()

    while not is_over():
        refresh_due(is_over=is_over, done=done)
        if not breaker.is_closed() or not ToRefresh.objects.filter(tries=0).exists():
            break
        Event().wait(_NAP_SECONDS)
    return done


def _due() -> int:
    return ToRefresh.objects.count()


@contextmanager
def _alone(told: Event) -> Iterator[Lease]:
    """The lease to read the lists, as soon as the worker gives it up. Raises CommandError."""
    end = Deadline.after(_OTHERS_SECONDS)
    while True:
        with alone(READING) as lease:
            if lease is not None:
                yield lease
                return
        if told.is_set() or end.is_past:
            raise CommandError("Another process is reading Engage's lists of changes. Try again in a minute.")
        told.wait(_NAP_SECONDS)


def _left_in_words(total: int, due: int, next_at: datetime) -> str:
    if due:
        return f"{total} {'contact is' if total == 1 else 'contacts are'} still to be fetched"
    waiting = "1 contact is" if total == 1 else f"{total} contacts are"
    return f"{waiting} tried again from {moment(next_at)} on"


def _in_words(followed: Followed, refreshed: Refreshed) -> list[Text]:
    said = f"{followed.listed} changes listed, {refreshed.kept} contacts fetched, "
    said += f"{followed.deleted + refreshed.gone} deleted in Engage."
    failed = f"{refreshed.failed} could not be fetched; they are tried again." if refreshed.failed else ""
    return [Text(said), *([Text(failed, "yellow")] if failed else [])]


def _document(followed: Followed, refreshed: Refreshed, left: int, why: str) -> dict[str, object]:
    return {
        "listed": followed.listed,
        "noted": followed.noted,
        "fetched": refreshed.kept,
        "deleted": followed.deleted + refreshed.gone,
        "skipped": refreshed.skipped,
        "failed": refreshed.failed,
        "left": left,
        "problem": followed.problem,
        "message": why,
        "at": iso(clock.now()),
    }


def _past(given: str) -> datetime:
    """A moment in the past: a date, or ISO time; without an offset the portal's own zone is meant."""
    try:
        day = parse_date(given)
        found = datetime.combine(day, time()) if day else parse_datetime(given)
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(
            f"“{given}” is no date such as 2026-11-21 and no time such as 2026-11-21T10:14"
        )
    at = found if found.tzinfo else make_aware(found, get_default_timezone())
    if at >= clock.now():
        raise ArgumentTypeError(f"“{given}” is not in the past")
    return at


def _arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--since",
        type=_past,
        help="read again from this date or time; without: from where the last run ended",
    )


ACTIONS = (
    Action(
        "sync",
        "Reads what changed in Engage and fetches it, until the copy is up to date. Ends with 0 where it is, else "
        "with 1 and why.",
        "manage.py contacts sync --since 2026-11-20",
        _arguments,
        sync,
    ),
)
