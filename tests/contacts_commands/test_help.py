"""`--help` of each subcommand."""

import pytest

from contacts.management.commands import contacts as module
from tests.contacts_commands.running import contacts


@pytest.mark.parametrize("action", module.Command.actions, ids=lambda action: action.name)
def test_help_has_a_sentence_and_an_example(action, capsys):
    with pytest.raises(SystemExit) as ended:
        contacts(action.name, "--help")
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert " ".join(action.summary.split()) in " ".join(printed.split())
    assert f"manage.py contacts {action.name}" in action.example
    assert f"example:\n  {action.example}" in printed
