"""`python -m engage_portal.sandbox`: a stand-in Engage on its own port."""

import argparse
import os
import signal
import sys
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.contact_rules import KEY_ATTRIBUTES
from engage_portal.sandbox.server import SandboxServer
from engage_portal.sandbox.state import Settings
from engage_portal.sandbox.store import StateFileError

_ABOUT = """\
A stand-in for Voyado Engage, for demos, developers and tests: the parts of its API (v2 and v3) that the
portal uses, invented people to use them on, and faults on demand. Open http://HOST:PORT/ for the page with
the buttons "Engage down" and "Engage up"."""

_SECRET_VARIABLE = "ENGAGE_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
_CONTROL = """\
control over HTTP (outside /api, no key needed):
  GET  /            the page                  GET  /state    everything, as JSON
  POST /faults      {"mode": "down"}          POST /advance  {"seconds": 900}
                    {"mode": "500", "endpoint": "POST /api/v3/receipts",
                     "probability": 0.5, "times": 3, "delay_ms": 0, "retry_after": null}
                    {"mode": "up"} clears     POST /settings {"refuse_article": false}
  DELETE /faults    Engage is up              POST /reset    start afresh
  GET  /files       folders, what waits, what became of each file, exports
  POST /files/run   {"what": "import"}   or "export"; both jobs otherwise
  GET  /files/export?name=…             GET  /facts    how often each receipt, key, redemption is here
  POST /contacts    {"contact": "anna@example.com", "attribute": "city", "value": "Lund"}
                    {"contact": "anna@example.com", "delete": true}
modes: up down hang slow 500 504 html503 429 422 lost_answer not_processed

An API call needs the headers apikey (any value unless --key is given), User-Agent and
Content-Type: application/json, on GET as well:
  curl -H 'apikey: demo' -H 'Content-Type: application/json' http://127.0.0.1:8900/api/v2/contacts/count"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Answers the exit code."""
    given = _parser().parse_args(arguments)
    settings = Settings(
        import_delay=given.import_delay,
        bulk_delay=given.bulk_delay,
        latency_ms=given.latency,
        file_interval=given.file_interval,
        key_field=given.key_field,
        webhook_url=given.webhook,
        webhook_secret=os.environ.get(_SECRET_VARIABLE, ""),
    )
    if settings.webhook_url and not settings.webhook_secret:
        sys.stderr.write(f"--webhook needs the signing secret in the variable {_SECRET_VARIABLE}.\n")
        return 2
    try:
        app = create_app(
            state_path=given.state,
            seed=not given.no_seed,
            rate_limit=given.rate_limit,
            strict_user_agent=not given.lenient,
            keys=given.key,
            settings=settings,
            files=given.files,
        )
        server = SandboxServer(app, given.host, given.port)
    except (OSError, StateFileError) as error:
        sys.stderr.write(f"The sandbox cannot start: {error}\n")
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    _announce(server, given.state, given.files)
    with server:
        server.serve_forever(poll_interval=0.5)
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End at once: everything accepted is on disk already."""
    raise SystemExit(0)


def _announce(server: SandboxServer, state: Path | None, files: Path | None) -> None:
    kept = f"state in {state}" if state else "state in memory"
    sys.stdout.write(f"Engage sandbox on {server.url}/ ({kept})\n")
    if files:
        sys.stdout.write(f"Import and export folders below {files.resolve()}\n")
    if not ip_address(str(server.server_address[0])).is_loopback:
        sys.stdout.write(
            "Warning: this is not a loopback address. Anyone who reaches it can break this Engage.\n"
        )
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engage_portal.sandbox",
        description=_ABOUT,
        epilog=_CONTROL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_places(parser)
    _add_times(parser)
    _add_rules(parser)
    return parser


def _add_places(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("where it listens and what it keeps").add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    add("--port", type=int, default=8900, help="port; 0 takes a free one (default: %(default)s)")
    add(
        "--state",
        type=Path,
        metavar="PATH",
        help="state file; survives any kind of stop (default: in memory)",
    )
    add(
        "--files",
        type=Path,
        metavar="DIR",
        help="keep import and export folders below DIR, as on Engage's FTP server; imported files are deleted",
    )
    add("--no-seed", action="store_true", help="start without the invented people")
    add(
        "--webhook",
        default="",
        metavar="URL",
        help=f"tell changes of contacts to this address, signed with the secret in the variable {_SECRET_VARIABLE}",
    )


def _add_times(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("how long it takes").add_argument
    add("--latency", type=int, default=0, metavar="MS", help="delay before every API answer (default: none)")
    for name, seconds, words in (
        (
            "--import-delay",
            2.0,
            "seconds until a receipt is imported (default: %(default)s; Engage itself: 900)",
        ),
        ("--bulk-delay", 2.0, "seconds until a bulk batch is applied (default: %(default)s)"),
        (
            "--file-interval",
            20.0,
            "seconds between two runs of the file jobs (default: %(default)s; Engage itself: hourly)",
        ),
    ):
        add(name, type=float, default=seconds, metavar="S", help=words)


def _add_rules(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what it asks of its callers").add_argument
    add(
        "--key-field",
        choices=KEY_ATTRIBUTES,
        default="externalId",
        help="the tenant's key field: keys contacts in files, contactKey in exports (default: %(default)s)",
    )
    add(
        "--rate-limit",
        type=int,
        default=200,
        metavar="N",
        help="requests per second and key, then 429 (default: %(default)s)",
    )
    add("--key", action="append", default=[], metavar="KEY", help="accept only this API key; may be repeated")
    add("--lenient", action="store_true", help="do not refuse calls without a User-Agent")


if __name__ == "__main__":
    sys.exit(main())
