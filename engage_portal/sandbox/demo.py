"""`make demo`: the whole portal on this machine, with the sandbox as its Engage.

A plain program without Django: it prepares the data, starts the processes of the `Procfile` and the sandbox, waits
until all of them answer, prints how to get in, and stops everything on Ctrl-C.
"""

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = Path(os.environ.get("DEMO_HOME") or ROOT / "var" / "demo")
FILES = HOME / "engage-files"
"""What the sandbox shows as Engage's FTP account; below it `integration/contactImport` and so on."""
_FILE_PROFILE = Path(__file__).with_name("file-profile.toml")
_ENVIRONMENT = HOME / "env"
_HOST = "127.0.0.1"
_START_SECONDS = 60
_STOP_SECONDS = 60
_LOOK = 0.2


class DemoError(Exception):
    """Why the demo cannot go on, in one sentence."""


@dataclass
class Running:
    """One process of the demo, in a session of its own so that it can be stopped as a whole."""

    name: str
    process: subprocess.Popen[str]
    log: Path


@dataclass
class Demo:
    """Starts, watches and stops the processes."""

    port: int
    sandbox_port: int
    running: list[Running] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """What the portal's processes are configured with."""
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "DEBUG": "true",
            "SECRET_KEY": _kept_secret(),
            "ALLOWED_HOSTS": f"localhost,{_HOST}",
            "DATABASE_URL": f"sqlite:///{HOME / 'portal.sqlite3'}",
            "REDIS_URL": "",
            "ENGAGE_BASE_URL": f"http://{_HOST}:{self.sandbox_port}",
            "ENGAGE_API_KEY": "demo",
            "ENGAGE_WEBHOOK_SECRET": _kept_webhook_secret(),
            "EMAIL_URL": "demo:",
            "DROPBOX_FOLDER": str(FILES),
            "ENGAGE_FILE_PROFILE": str(_FILE_PROFILE),
            "SPOOL_FOLDER": str(HOME / "spool"),
            "SPOOL_MARGIN_MINUTES": "0",
            "PORT": str(self.port),
            "GUNICORN_CMD_ARGS": f"--bind {_HOST}:{self.port}",
        }

    def run(self) -> None:
        """Everything from an empty folder to Ctrl-C. Raises DemoError."""
        for port, variable in ((self.port, "PORT"), (self.sandbox_port, "SANDBOX_PORT")):
            _refuse_taken(port, variable)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            access = self._prepare()
            self._start_all()
            self._wait_until_all_answer()
            self._keep_environment()
            _print_access(access, self.port, self.sandbox_port)
            self._watch()
        finally:
            self._stop_all()

    def _keep_environment(self) -> None:
        """Write what `manage.py` needs to work on the demo's data, for `env $(cat …)`."""
        names = (
            "DEBUG", "SECRET_KEY", "DATABASE_URL", "ENGAGE_BASE_URL", "ENGAGE_API_KEY", "ENGAGE_WEBHOOK_SECRET",
            "EMAIL_URL", "DROPBOX_FOLDER", "ENGAGE_FILE_PROFILE", "SPOOL_FOLDER", "SPOOL_MARGIN_MINUTES",
        )  # fmt: skip
        _ENVIRONMENT.touch(mode=0o600)
        _ENVIRONMENT.write_text("".join(f"{name}={self.environment[name]}\n" for name in names))

    def _prepare(self) -> Mapping[str, str]:
        FILES.mkdir(parents=True, exist_ok=True)
        print("Preparing the data …", flush=True)
        self._manage("migrate", "--verbosity", "0")
        granted: dict[str, str] = json.loads(self._manage("demo_data", "--access", str(HOME / "access.json")))
        return granted

    def _manage(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoError(f"manage.py {arguments[0]} failed:\n{done.stderr.strip()}")
        return done.stdout

    def _start_all(self) -> None:
        print("Starting sandbox, web and worker …", flush=True)
        sandbox = (
            f"python -m engage_portal.sandbox --port {self.sandbox_port} --state {HOME / 'engage.sqlite3'} "
            f"--files {FILES} --key-field email --webhook http://{_HOST}:{self.port}/api/portal/v1/webhooks/engage"
        )
        for name, command in {"sandbox": sandbox, **_procfile()}.items():
            self._start(name, command)

    def _start(self, name: str, command: str) -> None:
        log = HOME / f"{name}.log"
        with log.open("a") as errors:
            process = subprocess.Popen(  # noqa: S603 - the lines of our own Procfile
                ["/bin/sh", "-c", f"exec {command}"],
                env=self.environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.running.append(Running(name, process, log))
        threading.Thread(target=_show, args=(name, process), daemon=True).start()

    def _wait_until_all_answer(self) -> None:
        end = time.monotonic() + _START_SECONDS
        wanted = {
            "sandbox": f"http://{_HOST}:{self.sandbox_port}/healthz",
            "web": f"http://{_HOST}:{self.port}/healthz",
            "worker": f"http://{_HOST}:{self.port}/readyz",
        }
        while wanted and not self.stopping.wait(_LOOK):
            self._refuse_dead()
            wanted = {name: url for name, url in wanted.items() if not _answers(url)}
            if wanted and time.monotonic() > end:
                logs = ", ".join(str(HOME / f"{name}.log") for name in wanted)
                raise DemoError(f"{' and '.join(wanted)} did not answer in {_START_SECONDS} s; see {logs}")

    def _watch(self) -> None:
        while not self.stopping.wait(_LOOK):
            self._refuse_dead()

    def _refuse_dead(self) -> None:
        for one in self.running:
            if one.process.poll() is not None and not self.stopping.is_set():
                last = one.log.read_text()[-1500:].strip()
                raise DemoError(
                    f"{one.name} ended with status {one.process.returncode}; its last words:\n{last}"
                )

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping.is_set():
            self._kill_all()
        self.stopping.set()

    def _stop_all(self) -> None:
        """Worker and web first: what they are sending may finish while Engage still answers."""
        self.stopping.set()
        if self.running:
            print("\nStopping … (Ctrl-C again: at once)", flush=True)
        end = time.monotonic() + _STOP_SECONDS
        for one in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(timeout=max(0.1, end - time.monotonic()))
        self._kill_all()

    def _kill_all(self) -> None:
        for one in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()


def _procfile() -> dict[str, str]:
    lines = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines() if line.strip())
    return {name.strip(): command.strip() for name, _, command in lines}


def _kept_secret() -> str:
    return _kept("secret", secrets.token_urlsafe(50))


def _kept_webhook_secret() -> str:
    return _kept("webhook-secret", f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}")


def _kept(name: str, fresh: str) -> str:
    HOME.mkdir(parents=True, exist_ok=True)
    path = HOME / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(fresh)
    return path.read_text()


def _refuse_taken(port: int, variable: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            raise DemoError(
                f"Port {port} is in use. Choose another: make demo {variable}={port + 1}"
            ) from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - an address on this machine
            return int(answer.status) == 200  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def _show(name: str, process: subprocess.Popen[str]) -> None:
    """What a process prints: the demo's mails."""
    for line in process.stdout or ():
        print(f"{name:8}| {line}", end="", flush=True)


def _print_access(access: Mapping[str, str], port: int, sandbox_port: int) -> None:
    portal = f"http://{_HOST}:{port}"
    print(
        f"""
Engage Portal is running.

  My Pages      {portal}/
                sign in as anna@example.com; the code arrives at {portal}/demo/mail/ (and below)
  Staff         {portal}/staff/
                user {access["user"]}, password {access["password"]}
  Engage        http://{_HOST}:{sandbox_port}/   (the sandbox: press "Engage down" there, or change a contact)
  its files     {FILES}/integration/
  API           {portal}/api/docs
                export PORTAL={portal} KEY={access["key"]}
  manage.py     env $(cat {os.path.relpath(_ENVIRONMENT)}) .venv/bin/python manage.py outbox stats

Ctrl-C stops everything. Data and logs: {HOME}/. README.md has a ten-minute tour.
""",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Run the demo; `--reset` throws its data away first."""
    if arguments not in ([], ["--reset"]):
        print(f"usage: python -m engage_portal.sandbox.demo [--reset]\n\n{__doc__}")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    if arguments:
        shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        Demo(int(os.environ.get("PORT") or 8000), int(os.environ.get("SANDBOX_PORT") or 8900)).run()
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
