"""The files that a subcommand means, and how they are shown."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from rich.text import Text

from engage_portal.engage.xml import BadNamesError
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.words import size_in_words, trouble_in_words
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.tables import Rows
from engage_portal.outbox.commands.words import moment, plain

State = SpoolFile.State
_TITLES = ("Number", "File", "State", "Records", "Size", "Made", "By", "Problem")
_STYLES: dict[str, str] = {
    State.WRITING: "yellow",
    State.READY: "yellow",
    State.UPLOADED: "cyan",
    State.STUCK: "bold red",
    State.PICKED_UP: "green",
}


def numbered(numbers: Iterable[int]) -> QuerySet[SpoolFile]:
    """The files with these numbers. Raises CommandError where one does not exist."""
    wanted = set(numbers)
    found = SpoolFile.objects.filter(pk__in=wanted)
    if unknown := wanted - set(found.values_list("pk", flat=True)):
        raise CommandError(f"There is no file {', '.join(map(str, sorted(unknown)))}. Nothing was changed.")
    return found.order_by("number")


def in_words(action: Action) -> Action:
    """The same subcommand, saying in a sentence that the file profile or the spool folder cannot be used."""

    def run(options: Options, terminal: Terminal) -> Answer:
        try:
            return action.run(options, terminal)
        except (BadNamesError, OSError) as trouble:
            raise CommandError(trouble_in_words(trouble)) from None

    return replace(action, run=run)


def file_body(file: SpoolFile) -> dict[str, Any]:
    """A file for programs."""
    return {
        "number": file.pk,
        "name": file.name,
        "type": file.file_type,
        "group": file.group,
        "state": file.state,
        "records": file.records,
        "lines": file.lines,
        "size": file.size,
        "madeAt": file.made_at.isoformat(),
        "madeBy": file.made_by,
        "uploadedAt": file.uploaded_at.isoformat() if file.uploaded_at else None,
        "endedAt": file.ended_at.isoformat() if file.ended_at else None,
        "problem": file.problem,
    }


def file_rows(files: Iterable[SpoolFile]) -> Rows:
    """Files for people."""
    return Rows(_TITLES, [_cells(file) for file in files], elastic=("Problem",), expendable=("Made", "By"))


def _cells(file: SpoolFile) -> list[Text]:
    return [
        Text(str(file.pk), justify="right"),
        plain(file.name),
        Text(file.state, style=_STYLES.get(file.state, "dim")),
        Text(str(file.records), justify="right"),
        Text(size_in_words(file.size), justify="right"),
        Text(moment(file.made_at)),
        plain(file.made_by),
        plain(file.problem),
    ]
