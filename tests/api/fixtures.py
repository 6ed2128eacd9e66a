"""Fixtures of the tests of the API and of the apps behind it; each folder's conftest imports them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Barrier, Condition
from typing import Any

import pytest

from engage_portal.engage.wire import decode
from engage_portal.sandbox.app import Sandbox
from engage_portal.sandbox.server import SandboxServer


@pytest.fixture(autouse=True)
def roomy(request: pytest.FixtureRequest, settings: Any) -> None:
    """An Engage that is down is probed at once, and what goes to it can be looked at."""
    settings.ENGAGE_PROBE_SECONDS = 0
    if "engage" in request.fixturenames:
        request.getfixturevalue("wire")


@dataclass(frozen=True)
class Sent:
    """One request as it came over the wire."""

    method: str
    path: str
    query: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body, fractions as Decimal."""
        return decode(self.body)


@dataclass
class Wire:
    """Keeps the bytes that the portal sends, and hands them on to the sandbox."""

    app: Sandbox
    sent: list[Sent] = field(default_factory=list)
    _idle: Condition = field(default_factory=Condition)
    _at_work: int = 0
    meeting: Barrier | None = None
    """Where requests wait for each other before Engage sees them."""

    @property
    def engage(self) -> Any:
        return self.app.engage

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        self.sent.append(Sent(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], body))
        with self._idle:
            self._at_work += 1
        try:
            if self.meeting:
                self.meeting.wait(15)
            return self.app(environ, start_response)
        finally:
            with self._idle:
                self._at_work -= 1
                self._idle.notify_all()

    def wait_until_idle(self) -> None:
        """A call that nobody waited for may still be at work; it must not reach into the next test."""
        with self._idle:
            assert self._idle.wait_for(lambda: not self._at_work, timeout=30)

    def of(self, method: str, path: str = "") -> list[Sent]:
        """What was sent with a method, below a path."""
        return [sent for sent in self.sent if sent.method == method and sent.path.startswith(path)]


@pytest.fixture
def wire(engage: Sandbox, sandbox_server: SandboxServer) -> Iterator[Wire]:
    """What the portal sends to Engage, byte by byte."""
    recorder = Wire(engage)
    sandbox_server.app = recorder  # type: ignore[assignment]
    yield recorder
    engage.engage.faults.clear()
    recorder.wait_until_idle()
    sandbox_server.app = engage
