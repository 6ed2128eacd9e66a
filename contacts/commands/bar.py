"""The bar that `import` moves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from contacts.models import ExportFile
from engage_portal.outbox.commands.bar import logs_above_the_bar
from engage_portal.outbox.commands.speaking import Terminal


@contextmanager
def progress(terminal: Terminal, told: Event) -> Iterator[Callable[[ExportFile], None]]:
    """A bar on stderr, where that is a terminal; call what it gives with the file that is being read."""
    if not terminal.err.is_terminal:
        yield lambda _file: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal.err, transient=True) as bar, logs_above_the_bar():
        task = bar.add_task("", total=None)

        def seen(file: ExportFile) -> None:
            doing = "Reading" if file.report else "Checking"
            words = "Ending; Ctrl-C again ends at once" if told.is_set() else f"{doing} {file.name}"
            bar.update(task, description=words, total=file.total or None, completed=file.position)

        yield seen
