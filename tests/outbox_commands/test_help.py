"""`--help` of each subcommand of each command."""

import pytest

from contacts.management.commands.contacts import Command as Contacts
from engage_portal.fallback.management.commands.spool import Command as Spool
from engage_portal.outbox.management.commands.outbox import Command as Outbox
from promotions.management.commands.promotions import Command as Promotions
from tests.outbox_commands.running import said_by

COMMANDS = {"contacts": Contacts, "outbox": Outbox, "promotions": Promotions, "spool": Spool}
SUBCOMMANDS = [
    pytest.param(name, action, id=f"{name} {action.name}")
    for name, command in COMMANDS.items()
    for action in command.actions
]


@pytest.mark.parametrize(("command", "action"), SUBCOMMANDS)
def test_help_has_a_sentence_and_an_example(command, action, capsys):
    with pytest.raises(SystemExit) as ended:
        said_by(command, action.name, "--help")
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert " ".join(action.summary.split()) in " ".join(printed.split())
    assert f"manage.py {command} {action.name}" in action.example
    assert f"example:\n  {action.example}" in printed
