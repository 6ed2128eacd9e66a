"""Runs `manage.py contacts` in this process."""

from tests.outbox_commands.running import Said, said_by


def contacts(*arguments: object) -> Said:
    """Run a subcommand."""
    return said_by("contacts", *arguments)
