"""`manage.py contacts`: the local copy on the command line, for people and for scripts."""

from contacts.commands import importing, sync, verify
from engage_portal.outbox.commands.subcommands import Subcommands


class Command(Subcommands):
    """The copy's subcommands."""

    help = (
        "Brings the local copy of the contacts up to date and checks it. Each subcommand has its own --help."
    )
    actions = (importing.ACTION, *sync.ACTIONS, *verify.ACTIONS)
