"""A management command that is a family of subcommands."""

import logging
import os
import sys
from argparse import SUPPRESS, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engage_portal.outbox.commands.speaking import Action, Terminal
from engage_portal.outbox.migrated import refuse_old_database

_LOUD = 2


class Subcommands(BaseCommand):
    """Ends with 0 where it did what was asked for, with 1 where it refused, with 2 where it did not understand."""

    actions: ClassVar[Iterable[Action]]

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand for each action."""
        names = "|".join(action.name for action in self.actions)
        commands = parser.add_subparsers(dest="action", required=True, metavar=names)
        for action in self.actions:
            command = commands.add_parser(
                action.name,
                help=action.summary,
                description=fill(action.summary, 80),
                epilog=f"example:\n  {action.example}",
                formatter_class=RawDescriptionHelpFormatter,
            )
            action.add_arguments(command)
            command.add_argument(
                "--json", action="store_true", dest="as_json", help="one JSON document on stdout"
            )
            command.add_argument(
                "-v", "--verbosity", type=int, choices=range(4), default=SUPPRESS,
                help="2: log each call to Engage on stderr, too",
            )  # fmt: skip

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django does, but what helps to complete a configuration is not refused for its being incomplete."""
        if self._action(options["action"]).comes_first:
            options["skip_checks"] = True
        return super().execute(*args, **options)

    def handle(self, *_args: Any, action: str, as_json: bool, **options: Any) -> None:
        """Do it, give the answer, and end with 1 where something is left to say."""
        terminal = Terminal(
            out=options.get("stdout") or sys.stdout,
            err=options.get("stderr") or sys.stderr,
            as_json=as_json,
            no_color=options["no_color"],
            force_color=options["force_color"],
        )
        chosen = self._action(action)
        if not chosen.comes_first:
            refuse_old_database()
        with _quiet(options["verbosity"]):
            answer = chosen.run(options, terminal)
        try:
            terminal.give(answer)
            sys.stdout.flush()
        except BrokenPipeError:  # `… | head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if answer.trouble:
            raise CommandError(answer.trouble)

    def _action(self, name: str) -> Action:
        return next(each for each in self.actions if each.name == name)


@contextmanager
def _quiet(verbosity: int) -> Iterator[None]:
    """Warnings only: a line for each call is for the worker's log. All of it with `--verbosity 2`."""
    root = logging.getLogger()
    before = root.level
    if verbosity < _LOUD:
        root.setLevel(max(before, logging.WARNING))
    try:
        yield
    finally:
        root.setLevel(before)
