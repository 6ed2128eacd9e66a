"""Keeps one group of django-q2 workers alive: starts it, asks for its pulse, replaces it when the pulse stops.

A worker that is killed while idle can hang a whole django-q2 cluster with every process alive, and SIGTERM does not
end it. So the group runs in a session of its own, and only its heartbeat counts: a row that a task has written.
The supervisor is also the queue's clock: its ticks find what is due between two wake-ups.
"""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from types import FrameType
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, close_old_connections
from django_q.tasks import async_task
from redis.exceptions import RedisError

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Heartbeat
from engage_portal.outbox.schedule import run_at_start
from engage_portal.outbox.tasks import SLICE_SECONDS, SUPERVISOR, tick_flag

log = structlog.get_logger(__name__)

_TICK_SECONDS = 5.0
_TICK_LOST_AFTER = 20
_LOOK_SECONDS = 0.5
_NOTICE_SECONDS = 0.1
_PAUSE_BEFORE_RESTART = 1.0


def late_after() -> timedelta:
    """How old a pulse may be: the longest that a task may take, and a little."""
    return timedelta(seconds=SLICE_SECONDS + settings.ENGAGE_READ_TIMEOUT + 10)


class Supervisor:
    """Runs in the foreground until SIGTERM or SIGINT; then lets the group finish what it holds."""

    def __init__(self) -> None:
        self.id = uuid4()
        self._is_told_to_stop = False
        self._group: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None
        self._started_at: datetime = clock.now()
        self._next_tick = 0.0

    def run(self) -> None:
        """Supervise until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._start_group()
        self._begin()
        while not self._told_to_stop_within(_LOOK_SECONDS):
            if self._group is None or self._group.poll() is not None:
                self._replace("it ended")
            elif self._is_late():
                self._replace("its pulse stopped")
            self._tick()
        self._end_group()
        self._forget()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Nothing more: a lock taken here could be the one that the interrupted code holds.
        self._is_told_to_stop = True

    def _told_to_stop_within(self, seconds: float) -> bool:
        end = Deadline.after(seconds)
        while not (self._is_told_to_stop or end.is_past):
            time.sleep(min(end.remaining(), _NOTICE_SECONDS))
        return self._is_told_to_stop

    def _start_group(self) -> None:
        reader, writer = os.pipe()
        self._group = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, sys.argv[0], "worker", "--group", str(reader)],
            env={**os.environ, SUPERVISOR: str(self.id)},
            pass_fds=(reader,),
            start_new_session=True,
        )
        os.close(reader)
        self._lifeline, self._started_at, self._next_tick = writer, clock.now(), 0.0
        log.info("worker group started", pid=self._group.pid)

    def _begin(self) -> None:
        """What pages show should not wait for its first time. Where this fails, that comes soon enough."""
        try:
            run_at_start()
        except (DatabaseError, RedisError) as error:
            self._no_database(error)

    def _replace(self, why: str) -> None:
        log.warning("worker group is replaced", why=why)
        self._kill_group()
        if not self._told_to_stop_within(_PAUSE_BEFORE_RESTART):
            self._start_group()

    def _is_late(self) -> bool:
        try:
            beat = Heartbeat.objects.filter(pk=self.id).values_list("beat_at", flat=True).first()
        except DatabaseError as error:
            self._no_database(error)
            return False
        return clock.now() - max(beat or self._started_at, self._started_at) > late_after()

    def _tick(self) -> None:
        """Ask for a pulse, unless one is still under way; a lost one is asked for again after a while."""
        if time.monotonic() < self._next_tick:
            return
        self._next_tick = time.monotonic() + _TICK_SECONDS
        try:
            if cache.add(tick_flag(str(self.id)), 1, _TICK_LOST_AFTER):
                async_task("engage_portal.outbox.tasks.tick", str(self.id), task_name="outbox tick")  # type: ignore[no-untyped-call]
        except (DatabaseError, RedisError) as error:
            self._no_database(error)

    def _end_group(self) -> None:
        """Let the group finish what it fetched, then make sure."""
        if self._group is None:
            return
        self._cut_lifeline()
        patience = SLICE_SECONDS + settings.ENGAGE_READ_TIMEOUT + 5
        try:
            self._group.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            log.warning("worker group did not stop in time", seconds=patience)
        self._kill_group()

    def _kill_group(self) -> None:
        self._cut_lifeline()
        if self._group is None:
            return
        try:
            os.killpg(self._group.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.debug("worker group was gone already")
        self._group.wait()
        self._group = None

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _forget(self) -> None:
        try:
            Heartbeat.objects.filter(pk=self.id).delete()
            Heartbeat.objects.filter(beat_at__lt=clock.now() - timedelta(days=1)).delete()
        except DatabaseError as error:
            self._no_database(error)

    def _no_database(self, error: Exception) -> None:
        log.warning("the database or cache does not answer; trying again", error=type(error).__name__)
        close_old_connections()
