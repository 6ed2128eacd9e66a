"""One call to Engage that no person waits for."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings

from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageClient, EngageError
from engage_portal.outbox.line import door, pace
from engage_portal.outbox.line.probe import engage_may_be_called

T = TypeVar("T")


def ask(call: Callable[[EngageClient], T]) -> T:
    """Make one call with the worker's patience, at the pace of all. Raises EngageError, LineDown where none was."""
    if not engage_may_be_called():
        raise door.line_down("Engage is down; it is tried again on its own.")
    starts = pace.reserve(pace.Lane.PEOPLE)
    if not starts:
        raise door.line_down("The line to Engage is busy.")
    through = door.paced([Deadline.after(starts[0])], patience=settings.ENGAGE_READ_TIMEOUT)
    try:
        answer = through(call)
    except EngageError as error:
        door.report([error])
        raise
    door.report([None])
    return answer
