"""`manage.py outbox` as people and scripts run it: exit codes, what stands on stdout, a question on a terminal."""

import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.outbox.building import until
from tests.outbox_commands.running import ROOT, command, environment, process

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def template(tmp_path_factory, sandbox_server) -> Path:
    """A migrated database with receipts that wait for 2099."""
    made = tmp_path_factory.mktemp("commands") / "template.sqlite3"
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "outbox" / "worker_setup.py"), "8"],
        cwd=ROOT,
        env=environment(made, sandbox_server.url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def database(template, tmp_path, sandbox_server) -> Path:
    sandbox_server.app.engage.reset()
    return Path(shutil.copy(template, tmp_path / "portal.sqlite3"))


@pytest.fixture
def run(database, sandbox_server):
    return lambda *arguments, **more: process(database, sandbox_server.url, *arguments, **more)


def due(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        query = "SELECT count(*) FROM outbox_item WHERE not_before < '2099-01-01'"
        return int(connection.execute(query).fetchone()[0])


def on_a_terminal(database: Path, engage_url: str, *arguments: str, typed: bytes) -> tuple[str, int]:
    """What a person sees, who types when asked; and how it ended."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=environment(database, engage_url),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen, has_typed = b"", False
    while True:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not has_typed and b"[y/N]" in seen:
            os.write(ours, typed)
            has_typed = True
    os.close(ours)
    return seen.decode(), running.wait(120)


@pytest.mark.parametrize(
    "arguments",
    [("list", "--limit", "3"), ("retry", "1")],
    ids=lambda arguments: arguments[0],
)
def test_stdout_is_one_json_document_and_nothing_else(run, arguments):
    said = run(*arguments, "--json")
    assert said.code == 0, said.err
    assert isinstance(said.document, dict)


def test_drain_delivers_without_a_worker_and_its_log_is_not_on_stdout(run, sandbox_server):
    assert run("drain", "--json").code == 1
    run("retry", "--all", "--yes")
    said = run("drain", "--json", "--verbosity", "2")
    assert said.code == 0, said.err
    assert said.document["reachedEngage"] == 8
    assert "POST /api/v3/receipts" in said.err
    assert len(sandbox_server.app.engage.received) == 8


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("list", "--state", "lost"), 2),
        (("cancel", "1"), 2),
        (("retry",), 1),
    ],
)
def test_bad_usage_ends_with_2_and_a_refusal_with_1(run, arguments, code):
    said = run(*arguments)
    assert said.code == code, said.err
    assert said.out == ""
    assert "Traceback" not in said.err


@pytest.mark.parametrize("arguments", [("stats", "--json"), ("drain",), ("retry", "--all", "--yes")])
def test_on_a_database_that_is_not_up_to_date_it_says_what_to_do(tmp_path, sandbox_server, arguments):
    said = process(tmp_path / "empty.sqlite3", sandbox_server.url, *arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.endswith("The database is not up to date. Run this first: manage.py migrate\n")
    assert "Traceback" not in said.err


def test_a_yes_in_a_pipe_is_no_answer(run, database):
    said = run("retry", "--all", typed="y\n")
    assert said.code == 1
    assert "Send 8 items again? Nobody can be asked here; add --yes. Nothing was changed." in said.err
    assert due(database) == 0


def test_a_person_at_a_terminal_is_asked_and_may_say_no(database, sandbox_server):
    seen, code = on_a_terminal(database, sandbox_server.url, "retry", "--all", typed=b"n\n")
    assert "Send 8 items again? [y/N]" in seen
    assert (code, due(database)) == (1, 0)


def test_a_person_at_a_terminal_is_asked_and_may_say_yes(database, sandbox_server):
    seen, code = on_a_terminal(database, sandbox_server.url, "retry", "--all", typed=b"y\n")
    assert "8 queued" in seen
    assert (code, due(database)) == (0, 8)


def test_ctrl_c_ends_a_drain_after_what_is_under_way(database, run, sandbox_server, tmp_path):
    run("retry", "1", "2", "--yes")
    sandbox = sandbox_server.app.engage
    sandbox.faults.set("hang", endpoint="POST /api/v3/receipts", times=2)
    running = subprocess.Popen(
        command("drain"),
        cwd=ROOT,
        env={**environment(database, sandbox_server.url), "ENGAGE_READ_TIMEOUT": "50"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: not sandbox.faults.active, what="both requests to reach Engage")
    running.send_signal(signal.SIGINT)
    sandbox.faults.clear()  # and now Engage answers
    out, err = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "Ended on request; 6 items left." in err
    assert "Traceback" not in err
    assert out == "2 items reached Engage.\n"
    assert not _is_sending(database)


def _is_sending(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        return bool(connection.execute("SELECT 1 FROM outbox_item WHERE state = 'sending'").fetchone())
