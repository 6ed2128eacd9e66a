"""`--help` of each subcommand."""

import pytest

from engage_portal.outbox.management.commands import outbox as module
from tests.outbox_commands.running import outbox


@pytest.mark.parametrize("action", module.Command.actions, ids=lambda action: action.name)
def test_help_has_a_sentence_and_an_example(action, capsys):
    with pytest.raises(SystemExit) as ended:
        outbox(action.name, "--help")
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert " ".join(action.summary.split()) in " ".join(printed.split())
    assert f"manage.py outbox {action.name}" in action.example
    assert f"example:\n  {action.example}" in printed
