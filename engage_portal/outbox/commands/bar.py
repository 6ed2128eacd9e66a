"""The bar that long subcommands move."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from engage_portal.outbox.commands.speaking import Terminal


@contextmanager
def progress(
    terminal: Terminal, told: Event, *, left: Callable[[], int], words: str
) -> Iterator[Callable[[], None]]:
    """A bar on stderr, where that is a terminal; call what it gives to move it.

    `left` counts what is left; `words` say what is going on, until somebody wants it to end.
    """
    if not terminal.err.is_terminal:
        yield lambda: None
        return
    columns = (
        SpinnerColumn(),
        _What(told, words),
        BarColumn(),
        TextColumn("{task.fields[left]} left"),
        _Rate(),
    )
    with Progress(*columns, console=terminal.err, transient=True) as bar, logs_above_the_bar():
        yield _Mover(bar, left)


@contextmanager
def logs_above_the_bar() -> Iterator[None]:
    """Warnings appear above the bar, through the stream that rich has put in place; a line for each call does not."""
    root = logging.getLogger()
    level = root.level
    before = [
        (handler, handler.setStream(sys.stderr))
        for handler in root.handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    root.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        root.setLevel(level)
        for handler, stream in before:
            handler.setStream(stream or sys.__stderr__)


class _Mover:
    """Moves the bar to what is left; what comes in meanwhile makes it longer."""

    def __init__(self, bar: Progress, left: Callable[[], int]) -> None:
        self._bar = bar
        self._left = left
        self._most = 0
        self._task: TaskID = bar.add_task("", left=0)

    def __call__(self) -> None:
        left = self._left()
        self._most = max(self._most, left)
        self._bar.update(self._task, total=self._most, completed=self._most - left, left=left)


class _What(ProgressColumn):
    """What is going on."""

    def __init__(self, told: Event, words: str) -> None:
        super().__init__()
        self._told = told
        self._words = words

    def render(self, task: Task) -> Text:
        """The words beside the bar."""
        del task
        if self._told.is_set():
            return Text("Ending; Ctrl-C again ends at once", style="yellow", no_wrap=True)
        return Text(self._words)


class _Rate(ProgressColumn):
    """How fast it goes."""

    def render(self, task: Task) -> Text:
        """Items a second."""
        return Text(f"{task.speed:.0f}/s" if task.speed else "", style="dim")
