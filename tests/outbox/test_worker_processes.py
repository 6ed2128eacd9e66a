"""`manage.py worker` as a process: it delivers, it ends when told, and it comes back whatever is killed."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from engage_portal.sandbox.app import Sandbox
from tests.outbox.building import until
from tests.outbox_commands.running import ROOT, environment

pytestmark = pytest.mark.processes
MANAGE, IMPATIENT = ROOT / "manage.py", ROOT / "tests" / "outbox" / "impatient_worker.py"
PATIENCE = 120
"""Seconds, against what hangs: on a busy machine a process may take half a minute to begin."""


@pytest.fixture(scope="module")
def template(tmp_path_factory, sandbox_server) -> Path:
    """A migrated database with receipts that wait for 2099."""
    made = tmp_path_factory.mktemp("worker") / "template.sqlite3"
    command = [sys.executable, str(ROOT / "tests" / "outbox" / "worker_setup.py"), "8"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(made, sandbox_server.url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made


class Worker:
    """One `manage.py worker` and its database."""

    def __init__(self, script: Path, database: Path, engage_url: str, *, number: int = 1) -> None:
        self.database = database
        self.log = database.with_suffix(f".{number}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(script), "worker"],
                cwd=ROOT,
                env=environment(database, engage_url),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.groups: set[int] = set()

    def query(self, sql: str) -> list[tuple]:
        """Ask the database, as any other process would."""
        with closing(sqlite3.connect(self.database, timeout=PATIENCE)) as connection, connection:
            return connection.execute(sql).fetchall()

    def let_go(self, number: int) -> None:
        """Make one receipt due."""
        self.query(f"UPDATE outbox_item SET not_before = '2000-01-01' WHERE reference = '101-{number}'")

    def state_of(self, number: int) -> str:
        """Where a receipt stands."""
        return self.query(f"SELECT state FROM outbox_item WHERE reference = '101-{number}'")[0][0]

    @property
    def has_a_pulse(self) -> bool:
        """Whether the group took a task."""
        return bool(self.query("SELECT 1 FROM outbox_heartbeat"))

    @property
    def leader(self) -> psutil.Process | None:
        """The first process of the present group."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                if child.status() != psutil.STATUS_ZOMBIE:
                    self.groups.add(child.pid)
                    return child
        return None

    def is_led_by_another(self, former: psutil.Process) -> bool:
        """Whether a new group has taken the place of a former leader's."""
        leader = self.leader
        return leader is not None and leader.pid != former.pid

    def named(self, part: str) -> list[psutil.Process]:
        """The group's processes with a word in their title, such as idle."""
        leader = self.leader
        with suppress(psutil.NoSuchProcess):
            children = leader.children(recursive=True) if leader else []
            return [process for process in children if part in " ".join(process.cmdline())]
        return []

    def remains(self) -> list[int]:
        """Every process that still belongs to a session which this worker started."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getsid(process.pid) in self.groups and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
        return found

    def end(self) -> None:
        """Whatever happened: leave nothing behind."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(PATIENCE)
        for pid in self.remains():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def start(template, tmp_path, sandbox_server) -> Iterator[Callable[..., Worker]]:
    """Starts a worker on a fresh copy of the database, and waits for its first pulse."""
    sandbox_server.app.engage.reset()
    begun: list[Worker] = []

    def begin(script: Path = MANAGE) -> Worker:
        database = tmp_path / "portal.sqlite3"
        shutil.copy(template, database)
        worker = Worker(script, database, sandbox_server.url)
        begun.append(worker)
        until(lambda: worker.has_a_pulse, what=f"the first pulse: {worker.log.read_text()}")
        assert worker.leader is not None
        return worker

    yield begin
    for worker in begun:
        worker.end()


@pytest.fixture
def start_several(template, tmp_path, sandbox_server) -> Iterator[Callable[[int], list[Worker]]]:
    """Starts workers side by side on one database, and waits until each leads a complete group."""
    sandbox_server.app.engage.reset()
    database = tmp_path / "portal.sqlite3"
    shutil.copy(template, database)
    begun: list[Worker] = []

    def begin(count: int) -> list[Worker]:
        workers = [
            Worker(MANAGE, database, sandbox_server.url, number=len(begun) + place) for place in range(count)
        ]
        begun.extend(workers)
        for worker in workers:
            until(lambda worker=worker: worker.named("monitor"), what="a complete group")
        return workers

    yield begin
    for worker in begun:
        worker.end()


@pytest.fixture
def received(sandbox_server) -> dict:
    """What the sandbox took in."""
    return _received(sandbox_server.app)


def _received(app: Sandbox) -> Callable[[], dict[str, int]]:
    return lambda: {name: record["posted"] for name, record in app.engage.received.items()}


def test_it_reads_the_stores_before_the_first_schedule_has_its_turn(start):
    """django-q2 looks at its schedules half a minute after it began."""
    worker = start()
    until(lambda: worker.query("SELECT 1 FROM receipts_store WHERE name != ''"), what="the stores")


def test_it_delivers_and_ends_within_seconds_when_told(start, received):
    worker = start()
    for number in range(3):
        worker.let_go(number)
    until(lambda: worker.state_of(0) == worker.state_of(1) == worker.state_of(2) == "accepted")
    assert received() == {"101-0": 1, "101-1": 1, "101-2": 1}
    assert worker.state_of(3) == "pending"

    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(PATIENCE) == 0, worker.log.read_text()
    assert worker.remains() == []
    assert not worker.has_a_pulse


def test_told_to_end_in_the_middle_of_a_request_it_finishes_it_first(start, received, sandbox_server):
    worker = start()
    sandbox = sandbox_server.app.engage
    sandbox.faults.set("hang", endpoint="POST /api/v3/receipts", times=1)
    worker.let_go(0)
    until(lambda: not sandbox.faults.active, what="the request has reached Engage")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.state_of(0) == "sending"
    sandbox.faults.clear()  # and now Engage answers
    assert worker.process.wait(PATIENCE) == 0
    assert (worker.state_of(0), received()) == ("accepted", {"101-0": 1})
    assert worker.remains() == []


def test_whatever_part_of_the_group_is_killed_it_delivers_again(start, received):
    worker = start(IMPATIENT)
    number = 0

    def delivers_again(after: str) -> None:
        nonlocal number
        worker.let_go(number)
        until(
            lambda: worker.state_of(number) == "accepted",
            what=f"delivery after {after}: {worker.log.read_text()}",
        )
        number += 1

    delivers_again("the start")

    first = worker.leader
    first.kill()
    until(lambda: worker.is_led_by_another(first))
    delivers_again("the leader was killed")

    # An idle worker that dies takes the queue's lock with it: every process lives, and nothing happens any more.
    until(lambda: len(worker.named(" idle")) >= 3, what=str([p.cmdline() for p in worker.named("")]))
    second, hurry = worker.leader, worker.database.with_suffix(".hurry")
    for process in worker.named(" idle"):
        process.kill()
    hurry.touch()
    until(lambda: worker.is_led_by_another(second), what=f"another group: {worker.log.read_text()}")
    hurry.unlink()
    delivers_again("the idle workers were killed")

    until(lambda: worker.named("monitor"))  # it is complete
    third = worker.leader
    third.children()[0].kill()
    until(lambda: worker.is_led_by_another(third))
    delivers_again("the sentinel was killed")

    assert set(received().values()) == {1}
    assert len(received()) == number == 4
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(PATIENCE) == 0
    assert worker.remains() == []


def test_a_group_ends_by_itself_when_its_supervisor_was_killed(start):
    worker = start()
    assert len(worker.remains()) >= 5  # leader, sentinel, workers, monitor, pusher
    worker.process.kill()
    worker.process.wait(PATIENCE)
    until(lambda: worker.remains() == [], what="the group ends with its supervisor")


def test_a_group_ends_by_itself_when_its_supervisor_was_killed_while_it_began(
    template, tmp_path, sandbox_server
):
    database = tmp_path / "portal.sqlite3"
    shutil.copy(template, database)
    worker = Worker(MANAGE, database, sandbox_server.url)
    try:
        until(lambda: worker.leader is not None)
        worker.process.kill()
        worker.process.wait(PATIENCE)
        until(lambda: worker.remains() == [], what="the group ends with its supervisor")
    finally:
        worker.end()


def test_of_several_workers_the_rest_goes_on_whatever_is_killed(start_several, received):
    first, second, third = start_several(3)

    def delivers(number: int, after: str) -> None:
        third.let_go(number)
        until(lambda: third.state_of(number) == "accepted", what=f"delivery after {after}")

    delivers(0, "the start")

    first.end()
    until(lambda: first.remains() == [], what="all of it to be gone")
    delivers(1, "one of them was killed with all that it had started")

    former = second.leader
    until(lambda: len(second.named(" idle")) >= 3, what="a group that is complete")
    for process in second.named(" idle"):
        process.kill()
    delivers(2, "another one's idle workers were killed")
    until(lambda: second.is_led_by_another(former), what=f"a new group: {second.log.read_text()}")
    assert third.process.poll() is None

    for worker in (second, third):
        worker.end()
    third.let_go(3)
    assert third.state_of(3) == "pending"
    start_several(2)
    until(lambda: third.state_of(3) == "accepted", what="delivery after all were started again")
    assert received() == {f"101-{number}": 1 for number in range(4)}


def test_bad_configuration_stops_it_with_one_sentence(template, tmp_path):
    done = subprocess.run(
        [sys.executable, str(MANAGE), "worker"],
        cwd=ROOT,
        env={**environment(template, ""), "OUTBOX_WAITS": "30,10"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert "OUTBOX_WAITS" in done.stderr
    assert "ENGAGE_BASE_URL is missing" in done.stderr
