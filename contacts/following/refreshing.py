"""Fetching what was noted, and keeping it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import DatabaseError, DataError, IntegrityError, OperationalError

from contacts.following import noting
from contacts.following.fetching import Fetched, fetch, was_not_asked
from contacts.following.keeping import ArrivingError, copy_forget, copy_keep, is_gone
from contacts.models import ToRefresh
from engage_portal.engage import EngageError, Rejected

log = structlog.get_logger(__name__)


@dataclass
class Refreshed:
    """How many contacts were fetched, by what became of them."""

    kept: int = 0
    gone: int = 0
    skipped: int = 0
    """Nobody new is kept, or Engage refuses the id."""
    failed: int = 0
    """Tried again later."""

    @property
    def total(self) -> int:
        """How many were asked for."""
        return self.kept + self.gone + self.skipped + self.failed


def refresh_due(*, is_over: Callable[[], bool], done: Refreshed | None = None) -> Refreshed:
    """Fetch every noted contact that is due, and add up in `done`. May run in several processes at once.

    A row goes once its contact was kept, unless it was noted again meanwhile. What fails waits ever longer; it never
    stops the others and is never given up, but for an id that Engage refuses as such.
    """
    rows: dict[UUID, ToRefresh] = {}
    done = done or Refreshed()

    def take(count: int) -> Sequence[UUID]:
        # What was noted again while its own answer is under way falls due again by itself.
        found = noting.take(count)
        taken = {row.engage_contact_id: row for row in found if row.engage_contact_id not in rows}
        rows.update(taken)
        return list(taken)

    for some in fetch(take, is_over=is_over):
        for each in some:
            _settle(rows.pop(each.engage_id), each, done)
    return done


def _settle(row: ToRefresh, fetched: Fetched, done: Refreshed) -> None:
    """Keep one answer. A fault of ours must not stop the others."""
    if was_not_asked(fetched):
        noting.put_back([row])
        return
    try:
        _keep(row, fetched, done)
    except ArrivingError:
        done.failed += 1
        noting.try_later(row)
    except OperationalError as fault:  # a lock that came too late: the row falls due again by itself
        done.failed += 1
        log.warning("keeping a contact is repeated", why=type(fault).__name__)
    except (DataError, IntegrityError):  # what no database of ours can keep must not stop the rest for ever
        done.failed += 1
        log.exception("a contact cannot be kept", contact=str(row.pk))
        noting.try_later(row)
    except DatabaseError:
        raise
    except Exception:
        done.failed += 1
        log.exception("keeping a contact failed", contact=str(row.pk))
        noting.try_later(row)


def _keep(row: ToRefresh, fetched: Fetched, done: Refreshed) -> None:
    if fetched.answer is not None:
        if copy_keep(fetched, fetched.answer):
            done.kept += 1
        else:
            done.skipped += 1
        noting.let_go(row)
    elif is_gone(fetched.error):
        copy_forget(row.pk)
        done.gone += 1
        noting.let_go(row)
    elif isinstance(fetched.error, Rejected):
        _refused(row, fetched.error)
        done.skipped += 1
    else:
        done.failed += 1
        noting.try_later(row)


def _refused(row: ToRefresh, error: EngageError) -> None:
    """The same question would be refused again."""
    log.warning("engage refuses to show a contact", contact=str(row.pk), why=str(error))
    noting.let_go(row)
