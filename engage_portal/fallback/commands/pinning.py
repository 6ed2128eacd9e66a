"""`pin-host`: shows by which key the SFTP server is known, and keeps it if a person says that it is right."""

import os
import re
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from engage_portal import env
from engage_portal.fallback.dropbox import DropboxError
from engage_portal.outbox.commands.arguments import BAD_USAGE
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.words import plain

_LINE = re.compile(r"^(?:export )?SFTP_HOST_KEY=.*$", re.MULTILINE)
_COMMENTED = re.compile(r"^#\s*SFTP_HOST_KEY=.*$", re.MULTILINE)


def pin_host(options: Options, terminal: Terminal) -> Answer:
    """Connect without logging in, ask, and print the setting; where settings come from `.env`, write it there."""
    key = _shown()
    line = f"SFTP_HOST_KEY={key['hostKey']}"
    if _is_pinned(key["hostKey"]):
        return Answer(
            _document(key, is_pinned=True), [plain(line)], note=f"Pinned already: {key['fingerprint']}."
        )
    _tell(key, terminal)
    if not options["yes"]:
        is_right = terminal.ask("Is this the fingerprint that you were told?")
        if not is_right:
            trouble = "Nothing was pinned."
            if is_right is None:
                trouble += " Compare the fingerprint with the one that you were told, then use --yes."
            return Answer(_document(key, is_pinned=False, message=trouble), trouble=trouble)
    file = _written(line)
    note = (
        f"Written to {file.name}; restart web and worker."
        if file
        else "Set this for web and worker, and restart them."
    )
    return Answer(_document(key, is_pinned=True, file=file), [plain(line)], note=note)


def _shown() -> dict[str, str]:
    """The key that the server shows now."""
    if not settings.SFTP_URL:
        raise CommandError("Set SFTP_URL first: sftp://USER@HOST:PORT/FOLDER.", returncode=BAD_USAGE)
    from engage_portal.fallback.dropbox.host_keys import fingerprint, line_of, shown_key  # noqa: PLC0415 - paramiko
    from engage_portal.fallback.dropbox.sftp import place  # noqa: PLC0415 - it loads paramiko, too

    there = place(settings.SFTP_URL)
    try:
        key = shown_key(there.host, there.port)
    except DropboxError as error:
        raise CommandError(str(error)) from None
    return {
        "hostKey": line_of(key),
        "fingerprint": fingerprint(key),
        "host": there.host,
        "port": str(there.port),
    }


def _is_pinned(line: str) -> bool:
    """Whether the settings have this very key; what they say behind it is a comment."""
    return settings.SFTP_HOST_KEY.split(" ")[:2] == line.split(" ")


def _tell(key: dict[str, str], terminal: Terminal) -> None:
    kind = key["hostKey"].partition(" ")[0]
    terminal.err.print(f"{key['host']} port {key['port']} shows this key ({kind}):", soft_wrap=True)
    terminal.err.print(f"  {key['fingerprint']}", style="bold", soft_wrap=True)
    if settings.SFTP_HOST_KEY:
        terminal.err.print(
            "Another one is pinned. Do not go on before you know why it changed.",
            style="bold red",
            soft_wrap=True,
        )


def _written(line: str) -> Path | None:
    """Put the line into the `.env` that settings were read from; None where there is none, as in a deployment."""
    if not env.FILES:
        return None
    file = env.FILES[0]
    text = file.read_text(encoding="utf-8")
    for pattern in (_LINE, _COMMENTED):
        if pattern.search(text):
            changed = pattern.sub(lambda _: line, text, count=1)
            break
    else:
        changed = f"{text.rstrip()}\n{line}\n".lstrip()
    _replace(file, changed)
    return file


def _replace(file: Path, text: str) -> None:
    """Put a text in a file's place. It has secrets, too: until it is whole nobody else may read it, and never more
    people than before.
    """
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)  # where a process was killed
    try:
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), stat.S_IMODE(file.stat().st_mode))
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _document(
    key: dict[str, str], *, is_pinned: bool, file: Path | None = None, message: str = ""
) -> dict[str, Any]:
    return {
        "host": key["host"],
        "port": int(key["port"]),
        "fingerprint": key["fingerprint"],
        "hostKey": key["hostKey"],
        "isPinned": is_pinned,
        "writtenTo": file.name if file else None,
        "message": message,
    }


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask: the fingerprint was compared")


ACTIONS = (
    Action(
        "pin-host",
        "Connects to the SFTP server without logging in, shows the fingerprint of its key, and pins that key where you "
        "say that it is the right one.",
        "manage.py spool pin-host",
        _arguments,
        pin_host,
        comes_first=True,
    ),
)
