"""How a subcommand speaks: what was asked for goes to stdout, once; questions, notes and progress go to stderr."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.text import Text

from engage_portal.outbox.commands.tables import Facts, Rows, drawn

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a subcommand has to say, for programs and for people."""

    document: Mapping[str, Any]
    parts: Sequence[Rows | Facts | Text] = ()
    note: str = ""
    """For people, beside the answer."""
    trouble: str = ""
    """Why not everything that was asked for is done; the command ends with 1."""


class Terminal:
    """The two streams of one command."""

    def __init__(self, *, out: TextIO, err: TextIO, as_json: bool, no_color: bool, force_color: bool) -> None:
        self.as_json = as_json
        self._stream = out
        self._out = _console(out, no_color=no_color, force_color=force_color)
        self.err = _console(err, no_color=no_color, force_color=force_color)

    def give(self, answer: Answer) -> None:
        """One JSON document, or words and tables."""
        if self.as_json:
            self._stream.write(f"{json.dumps(answer.document, indent=2)}\n")
            return
        for part in answer.parts:
            self._print(part)
        if answer.note:
            self.err.print(answer.note, style="dim", soft_wrap=True)

    def ask(self, question: str) -> bool | None:
        """Yes or no; None where nobody sits there to be asked."""
        if not sys.stdin.isatty():
            return None
        self.err.print(f"{question} [y/N] ", end="", style="bold")
        try:
            return sys.stdin.readline().strip().lower() in {"y", "yes"}
        except KeyboardInterrupt:
            self.err.print()
            return False

    def must_agree(self, question: str) -> None:
        """Go on only after a yes. Raises CommandError."""
        answer = self.ask(question)
        if answer is None:
            raise CommandError(f"{question} Nobody can be asked here; add --yes. Nothing was changed.")
        if not answer:
            raise CommandError("Nothing was changed.")

    def _print(self, part: Rows | Facts | Text) -> None:
        if isinstance(part, Text):
            self._out.print(part, soft_wrap=True)
        elif self._out.is_terminal:
            self._out.print(drawn(part, width=self._out.width))
        else:
            for row in part.lines():
                self._stream.write("\t".join(row) + "\n")  # rich would make spaces of tabs


@dataclass(frozen=True, slots=True)
class Action:
    """One subcommand."""

    name: str
    summary: str
    example: str
    add_arguments: Callable[[CommandParser], None]
    run: Callable[[Options, Terminal], Answer]
    comes_first: bool = False
    """It helps to set the portal up: it runs before the configuration is complete and the database is there."""


def _console(stream: TextIO, *, no_color: bool, force_color: bool) -> Console:
    # What stands in the queue came from outside: none of it is markup.
    return Console(
        file=stream,
        no_color=no_color or None,
        force_terminal=force_color or None,
        markup=False,
        highlight=False,
        emoji=False,
    )
