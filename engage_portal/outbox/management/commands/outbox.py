"""`manage.py outbox`: the offline queue on the command line, for people and for scripts."""

import sys
from argparse import RawDescriptionHelpFormatter
from textwrap import fill
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engage_portal.outbox.commands import acting, draining, pausing, reading
from engage_portal.outbox.commands.speaking import Terminal
from engage_portal.outbox.migrated import refuse_old_database

_ACTIONS = {
    action.name: action for action in (*reading.ACTIONS, *acting.ACTIONS, *pausing.ACTIONS, *draining.ACTIONS)
}


class Command(BaseCommand):
    """Ends with 0 where it did what was asked for, with 1 where it refused, with 2 where it did not understand."""

    help = "Shows the offline queue and acts on it. Each subcommand has its own --help."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand for each action."""
        commands = parser.add_subparsers(dest="action", required=True, metavar="|".join(_ACTIONS))
        for action in _ACTIONS.values():
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
        answer = _ACTIONS[action].run(options, terminal)
        terminal.give(answer)
        if answer.trouble:
            raise CommandError(answer.trouble)
