"""Runs `manage.py contacts` in this process."""

from io import StringIO

from django.core.management import CommandError, call_command

from tests.outbox_commands.running import Said


def contacts(*arguments: object) -> Said:
    """Run a subcommand."""
    out, err = StringIO(), StringIO()
    try:
        call_command("contacts", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return Said(out.getvalue(), f"{err.getvalue()}{error}", error.returncode)
    return Said(out.getvalue(), err.getvalue(), 0)
