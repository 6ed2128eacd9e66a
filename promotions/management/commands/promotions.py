"""`manage.py promotions`: the local copy of the offers on the command line, for people and for scripts."""

from contacts.commands.importing import import_action
from engage_portal.outbox.commands.subcommands import Subcommands


class Command(Subcommands):
    """The copy's subcommands."""

    help = "Brings the local copy of members' offers up to date. Each subcommand has its own --help."
    actions = (
        import_action(
            "promotions",
            "manage.py promotions import 20260412100003_0_promotions.xml /srv/exports --json | jq '.files[].new'",
        ),
    )
