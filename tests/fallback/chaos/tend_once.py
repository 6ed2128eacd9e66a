"""Processes that tend the spool files once, and kill themselves at a place.

Each line of input asks for some of them at the same time: `{"places": ["", …], "given": {setting: value}}`; the line of
output tells how each of them ended. They are forks of this process, which never opens the database.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402

from engage_portal.fallback import tasks  # noqa: E402
from engage_portal.fallback.dropbox import Step, folder  # noqa: E402
from engage_portal.fallback.spool import claiming, picking, uploading, writing  # noqa: E402

_TIME_ENOUGH = 600
"""Seconds: nobody stops because the machine is slow, so what each of them does is always the same."""


def die() -> None:
    """As if the power had gone."""
    os.kill(os.getpid(), signal.SIGKILL)


def _before(work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def dying(*arguments: Any, **more: Any) -> Any:
        die()

    return dying


def _after(work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def dying(*arguments: Any, **more: Any) -> Any:
        done = work(*arguments, **more)
        die()
        return done

    return dying


def _after_the_first_row(work: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    def dying(*arguments: Any) -> Iterator[Any]:
        yield next(work(*arguments))
        die()

    return dying


def _around_step(when: str, which: Step) -> Callable[..., Any]:
    """Dies before or after a step of the upload is kept."""

    def changed(work: Callable[..., Any]) -> Callable[..., Any]:
        def delivering(*arguments: Any, note: Callable[[Step], None], **more: Any) -> Any:
            def noting(step: Step) -> None:
                if (when, step) == ("before", which):
                    die()
                note(step)
                if (when, step) == ("after", which):
                    die()

            return work(*arguments, note=noting, **more)

        return delivering

    return changed


def _in_the_upload(work: Callable[..., Any]) -> Callable[..., Any]:
    def delivering(*arguments: Any, **more: Any) -> Any:
        return work(*arguments, **{**more, "progress": lambda _sent: die()})

    return delivering


_PLACES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "in a claim": (claiming, "_begin", _after),
    "between two claims": (claiming.Round, "_own", _after),
    "before anything is written": (writing, "_is_written", _before),
    "half written": (writing._Records, "_made", _after_the_first_row),
    "written and not released": (writing, "check_file", _before),
    "released and not told": (writing.folder, "release", _after),
    "half uploaded": (uploading, "deliver", _in_the_upload),
    "uploaded and not renamed": (uploading, "deliver", _around_step("after", Step.RENAMING)),
    "renamed and not noted": (uploading, "deliver", _around_step("before", Step.DONE)),
    "noted and not told": (uploading, "deliver", _after),
    "gone and not recorded": (picking, "taken", _before),
    "half recorded": (picking.spooling, "picked_up", _after),
    "deleted here and not recorded": (picking.folder, "remove", _after),
}


def tend_and_die(place: str, given: dict[str, Any]) -> None:
    """Tend, and die at the place; at none, where there is none."""
    for name, value in given.items():
        setattr(settings, name, value)
    folder.PIECE = 512
    tasks.SLICE_SECONDS = _TIME_ENOUGH
    if place:
        owner, name, change = _PLACES[place]
        setattr(owner, name, change(getattr(owner, name)))
    tasks.tend()


def forked(place: str, given: dict[str, Any]) -> int:
    """One of them; its process id."""
    if pid := os.fork():
        return pid
    try:
        tend_and_die(place, given)
        os._exit(0)
    finally:  # whatever it was: a fork never goes on with what its parent does
        traceback.print_exc()
        os._exit(1)


def main() -> None:
    """Answer every line."""
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        processes = [forked(place, asked["given"]) for place in asked["places"]]
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in processes]), flush=True)


if __name__ == "__main__":
    main()
