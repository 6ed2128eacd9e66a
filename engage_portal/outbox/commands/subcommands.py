"""A management command that is a family of subcommands."""

import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from textwrap import fill
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engage_portal.outbox.commands.speaking import Action, Terminal
from engage_portal.outbox.migrated import refuse_old_database


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

    def handle(self, *_args: Any, action: str, as_json: bool, **options: Any) -> None:
        """Do it, give the answer, and end with 1 where something is left to say."""
        terminal = Terminal(
            out=options.get("stdout") or sys.stdout,
            err=options.get("stderr") or sys.stderr,
            as_json=as_json,
            no_color=options["no_color"],
            force_color=options["force_color"],
        )
        refuse_old_database()
        answer = next(each for each in self.actions if each.name == action).run(options, terminal)
        terminal.give(answer)
        if answer.trouble:
            raise CommandError(answer.trouble)
