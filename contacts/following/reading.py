"""Reading Engage's lists of changed contacts, from where the last run ended.

`contacts/changes` names at most 250,000 contacts and refuses a wider window with 400; it may have to be switched on by
Voyado; neither its zone nor how soon a change appears is documented
[developer.voyado.com/docs/contacts/bulk-contacts-api]. So windows overlap, and one that is refused is halved.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from contacts.following.asking import ask
from contacts.following.listed import take_changed, take_deleted
from contacts.following.wall_clock import window
from contacts.models import Feed
from engage_portal.core import clock
from engage_portal.core.ids import EngageContactId
from engage_portal.engage import AuthFailed, ChangeType, EngageError, NotFound, Rejected

log = structlog.get_logger(__name__)

MARGIN = timedelta(minutes=1)
"""How far Engage's clock may be behind ours, and its list behind its data. The last minute is read again next time."""
OVERLAP = timedelta(minutes=10)
FIRST = timedelta(days=7)
"""How far the first run looks back: the export that the copy began with is hardly older."""

KINDS: tuple[ChangeType, ...] = ("Deleted", "Created", "Updated")
_NARROWEST = timedelta(seconds=1)
_TOO_MANY = 400


@dataclass
class Followed:
    """What one run brought."""

    listed: int = 0
    noted: int = 0
    """Contacts to fetch."""
    deleted: int = 0
    problem: str = ""
    """Why the lists cannot be followed, in a sentence: somebody has to act."""
    trouble: str = ""
    """Why Engage could not be asked; it passes by itself."""
    is_unfinished: bool = False
    """Ended before everything was read."""


def follow(
    *, until: datetime, since: datetime | None = None, is_over: Callable[[], bool] = lambda: False
) -> Followed:
    """Read what changed until a moment: from where the last run ended, or from `since`. May run twice.

    Nothing is lost where it ends early: what was not read is read next time, in a longer window.
    """
    done = Followed()
    for name in KINDS:
        Feed.objects.get_or_create(pk=name)
    for place, name in enumerate(_furthest_behind_first()):
        done.is_unfinished = done.is_unfinished or bool(place and is_over())
        if done.is_unfinished:
            break
        try:
            _follow_one(name, done, until=until, since=since, is_over=is_over)
        except EngageError as error:
            if problem := _problem(error):
                done.problem = problem
                # A list that is too long stands alone; what is not offered is not offered for any of them.
                _note_problem(problem, [name] if isinstance(error, Rejected) else KINDS)
            else:
                done.trouble = str(error)
            if not isinstance(error, Rejected):
                break
    return done


def is_behind(until: datetime) -> bool:
    """Whether a list was not read up to a moment."""
    return Feed.objects.filter(Q(read_until__isnull=True) | Q(read_until__lt=until), pk__in=KINDS).exists()


def _furthest_behind_first() -> list[ChangeType]:
    """So that a list that takes long does not keep the others from being read."""
    read = dict(Feed.objects.values_list("name", "read_until"))
    long_ago = clock.now() - timedelta(days=36_500)
    return sorted(KINDS, key=lambda name: read.get(name) or long_ago)


def _follow_one(
    name: ChangeType, done: Followed, *, until: datetime, since: datetime | None, is_over: Callable[[], bool]
) -> None:
    read_until = Feed.objects.values_list("read_until", flat=True).get(pk=name)
    begin = since or read_until or until - FIRST
    if since is None and read_until is not None:
        # What came into the list late. Whoever was fetched since is known to be up to date.
        for end, ids in _listed(name, begin - OVERLAP, begin):
            _take(name, ids, end, done)
            if is_over():
                break  # what is new goes first
    settled = clock.now() - MARGIN
    for end, ids in _listed(name, begin, until):
        _take(name, ids, end, done)
        _note_read(name, min(end, settled))
        if is_over():
            done.is_unfinished = end < until
            return


def _listed(
    name: ChangeType, start: datetime, end: datetime
) -> Iterator[tuple[datetime, list[EngageContactId]]]:
    """The ids of a window, in as many pieces as Engage needs, each with the moment that it reaches to."""
    width = end - start
    while start < end:
        upto = min(end, start + width)
        try:
            ids = _ask(name, start, upto)
        except Rejected as refused:
            if refused.status != _TOO_MANY or upto - start <= _NARROWEST:
                raise
            width = max((upto - start) / 2, _NARROWEST)
            continue
        yield upto, ids
        start, width = upto, width * 2


def _ask(name: ChangeType, start: datetime, end: datetime) -> list[EngageContactId]:
    since, until = window(start, end)
    return ask(lambda client: client.list_changed_contacts(name, since=since, until=until))


def _take(name: ChangeType, ids: list[EngageContactId], end: datetime, done: Followed) -> None:
    done.listed += len(ids)
    if name == "Deleted":
        gone, noted = take_deleted(ids, end=end + MARGIN)
        done.deleted += gone
    else:
        noted = take_changed(ids, end=end + MARGIN)
    done.noted += noted


def _note_read(name: ChangeType, until: datetime) -> None:
    Feed.objects.filter(pk=name).update(read_until=until, checked_at=clock.now())
    problem = Feed.objects.values_list("problem", flat=True).get(pk=name)
    if problem and Feed.objects.filter(problem=problem).update(problem="", problem_since=None):
        log.warning("engage's list of changed contacts is followed again", changes=name)


def _problem(error: EngageError) -> str:
    """What somebody has to do; empty where waiting is enough."""
    if isinstance(error, NotFound) or (isinstance(error, AuthFailed) and error.is_of_one_operation):
        return (
            f"Engage does not offer its list of changed contacts ({error.status}): ask Voyado to switch on "
            "contacts/changes for this API key."
        )
    if isinstance(error, Rejected) and error.status == _TOO_MANY:
        return (
            "Engage refuses even one second of its list of changed contacts (400). Import an export, then go on with "
            "manage.py contacts sync --since."
        )
    return f"Engage refuses its list of changed contacts: {error}" if isinstance(error, Rejected) else ""


def _note_problem(problem: str, names: Collection[ChangeType]) -> None:
    """Keep why the lists cannot be followed; said in the log once, not with every run."""
    now = clock.now()
    feeds = Feed.objects.filter(pk__in=names)
    if feeds.exclude(problem=problem[:300]).update(problem=problem[:300], problem_since=now):
        log.error("engage's list of changed contacts cannot be followed", why=problem)
    feeds.update(checked_at=now)
