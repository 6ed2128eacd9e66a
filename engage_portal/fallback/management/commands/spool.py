"""`manage.py spool`: files for Engage, for the time when its API stays away."""

from engage_portal.fallback.commands import beginning, moving, pinning
from engage_portal.fallback.commands.files import in_words
from engage_portal.outbox.commands.subcommands import Subcommands


class Command(Subcommands):
    """The subcommands about files."""

    help = "Puts what waits into files for Engage, and follows them. Each subcommand has its own --help."
    actions = (*map(in_words, (*beginning.ACTIONS, *moving.ACTIONS)), *pinning.ACTIONS)
