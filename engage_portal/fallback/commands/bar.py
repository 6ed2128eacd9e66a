"""What moves while a subcommand works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

from engage_portal.fallback.models import SpoolFile
from engage_portal.outbox.commands.bar import logs_above_the_bar
from engage_portal.outbox.commands.speaking import Terminal


@contextmanager
def working(terminal: Terminal, words: str) -> Iterator[None]:
    """A sign of life on stderr, where that is a terminal."""
    with terminal.err.status(words) if terminal.err.is_terminal else nullcontext():
        yield


@contextmanager
def uploading(terminal: Terminal) -> Iterator[Callable[[SpoolFile, int], None]]:
    """A bar for each file on stderr, where that is a terminal; call what it gives with the bytes that are over."""
    if not terminal.err.is_terminal:
        yield lambda _file, _sent: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=terminal.err, transient=True) as bar, logs_above_the_bar():
        tasks = {}

        def seen(file: SpoolFile, sent: int) -> None:
            if file.pk not in tasks:
                tasks[file.pk] = bar.add_task(file.name, total=file.size)
            bar.update(tasks[file.pk], completed=sent)

        yield seen
