"""`import`: reads exports into the local copy, in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet
from rich.text import Text

from contacts.commands.bar import progress
from contacts.importing import ImportRefusedError, Report, in_the_way, pass_over, read_next, take_file
from contacts.importing.folder import in_order
from contacts.models import ExportFile
from engage_portal.core import clock
from engage_portal.outbox.commands.arguments import BAD_USAGE, add_by, line
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.stopping import told_to_stop
from engage_portal.outbox.commands.tables import Rows
from engage_portal.outbox.commands.words import plain

State = ExportFile.State
_NAP_SECONDS = 0.5
_TITLES = ("File", "State", "Records", "New", "Changed", "Unchanged", "Deleted", "Skipped")


def import_files(options: Options, terminal: Terminal) -> Answer:
    """Take the files in, and read until each of them is read or cannot be."""
    began = clock.now()
    try:
        files = [
            take_file(
                path, by=options["by"], origin=ExportFile.Origin.COMMAND, is_complete=options["complete"]
            )
            for path in _paths(options["paths"])
        ]
        with told_to_stop() as told, progress(terminal, told) as seen:
            _read(files, told, seen, passes_rejected=options["pass_rejected"])
    except ImportRefusedError as refusal:
        raise CommandError(str(refusal)) from None
    except OSError as error:
        raise CommandError(f"A file cannot be read: {error.strerror}.") from None
    for file in files:
        file.refresh_from_db()
    known = [file for file in files if file.added_at < began]
    trouble = _trouble(files, is_told=told.is_set())
    document = {
        "files": [{**_body(file), "wasKnown": file in known} for file in files],
        "message": trouble,
    }
    return Answer(document, [_rows(files), *_known(known), *_notes(files)], trouble=trouble)


def _paths(given: list[str]) -> list[Path]:
    """The files that were named, and those in folders that were named, each in Engage's order."""
    found: list[Path] = []
    for path in map(Path, given):
        if not path.exists():
            raise CommandError(f"There is no file or folder {path}.", returncode=BAD_USAGE)
        if path.is_file() and path.suffix.casefold() != ".xml":
            raise CommandError(f"{path.name} is no XML file.", returncode=BAD_USAGE)
        found += in_order(path) if path.is_dir() else [path]
    if not found:
        raise CommandError("There is no XML file in there.")
    return found


def _read(
    files: list[ExportFile], told: Event, seen: Callable[[ExportFile], None], *, passes_rejected: bool
) -> None:
    """Read in turn, others' files too where they come first, until nothing of ours is left."""
    ours = ExportFile.objects.filter(pk__in=[file.pk for file in files])
    while not told.is_set() and ours.filter(state__in=[State.WAITING, State.RUNNING]).exists():
        if read_next(is_over=told.is_set, seen=seen) is not None:
            continue
        blocking = _in_the_way_of(ours)
        if blocking is None:
            told.wait(_NAP_SECONDS)  # somebody else reads, or was killed less than a minute ago
        elif passes_rejected:
            pass_over(blocking.pk)
        else:
            return


def _in_the_way_of(files: QuerySet[ExportFile]) -> ExportFile | None:
    """The rejected file that some of these wait behind."""
    kinds = set(files.filter(state=State.WAITING).values_list("kind", flat=True))
    return next((file for file in in_the_way() if file.kind in kinds), None)


def _trouble(files: list[ExportFile], *, is_told: bool) -> str:
    left = sum(file.state in {State.WAITING, State.RUNNING} for file in files)
    rejected = [file for file in files if file.state in {State.REJECTED, State.PASSED}]
    if is_told and left:
        return f"Ended on request; {_in_words(left)} left. The same command goes on where it was."
    if rejected:
        behind = (
            f" {_in_words(left)} {'waits' if left == 1 else 'wait'} behind it; --pass-rejected reads on."
            if left
            else ""
        )
        return f"{rejected[0].name} was rejected: {rejected[0].problem}{behind}"
    if left:
        blocking = _in_the_way_of(ExportFile.objects.filter(pk__in=[file.pk for file in files]))
        name = blocking.name if blocking else "another file"
        return f"{name} was rejected and is in the way; --pass-rejected reads on."
    return ""


def _in_words(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _body(file: ExportFile) -> dict[str, Any]:
    report = Report.of(file.report)
    return {
        "id": str(file.pk),
        "name": file.name,
        "kind": file.kind,
        "state": file.state,
        "total": file.total,
        "position": file.position,
        "problem": file.problem,
        **report.document(),
    }


def _rows(files: list[ExportFile]) -> Rows:
    rows = []
    for file in files:
        report = Report.of(file.report)
        numbers = (file.total, report.new, report.changed, report.unchanged, report.deleted, report.skipped)
        cells = [Text(f"{number}", justify="right") for number in numbers]
        rows.append([plain(file.name), Text(file.get_state_display()), *cells])
    return Rows(_TITLES, rows, elastic=("File",))


def _known(files: list[ExportFile]) -> Iterator[Text]:
    for file in files:
        if file.state == State.DONE:
            yield plain(
                f"{file.name}: this content was read before, and not again; these are its figures of then."
            )


def _notes(files: list[ExportFile]) -> Iterator[Text]:
    for file in files:
        report = Report.of(file.report)
        yield from (plain(f"{file.name}: {sentence}", "yellow") for sentence in report.alarms)
        yield from (plain(f"{file.name}: {number} × {reason}") for reason, number in report.reasons.items())
        if report.missing:
            yield plain(
                f"{file.name}: {report.missing['count']} of the copy are not in it; nobody was deleted."
            )


def import_action(kind: str, example: str, *, may_be_complete: bool = False) -> Action:
    """The subcommand `import`. Whatever it is called with, each file is told by what is in it."""

    def arguments(parser: CommandParser) -> None:
        parser.set_defaults(complete=False)
        parser.add_argument(
            "paths",
            nargs="+",
            type=line(most=1000),
            metavar="FILE|FOLDER",
            help="exports, or folders of them",
        )
        if may_be_complete:
            parser.add_argument(
                "--complete",
                action="store_true",
                help="together they list everybody: whoever is missing is reported, never deleted",
            )
        parser.add_argument(
            "--pass-rejected", action="store_true", help="give up rejected files that others wait behind"
        )
        add_by(parser)

    return Action(
        "import",
        f"Reads {kind} exports of Engage into the local copy, in the order in which Engage made them. Each content is "
        "read once; after an interruption the same command goes on where it was.",
        example,
        arguments,
        import_files,
    )


ACTION = import_action(
    "contacts",
    "manage.py contacts import 20260412100003_0_members.xml /srv/exports --json | jq '.files[].new'",
    may_be_complete=True,
)
