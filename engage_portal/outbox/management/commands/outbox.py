"""`manage.py outbox`: the offline queue on the command line, for people and for scripts."""

from engage_portal.outbox.commands import acting, draining, outages, pausing, reading
from engage_portal.outbox.commands.subcommands import Subcommands


class Command(Subcommands):
    """The queue's subcommands."""

    help = "Shows the offline queue and acts on it. Each subcommand has its own --help."
    actions = (*reading.ACTIONS, *outages.ACTIONS, *acting.ACTIONS, *pausing.ACTIONS, *draining.ACTIONS)
