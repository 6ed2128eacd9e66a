"""The keys by which an SFTP server is known, and the one with which the portal logs in."""

import base64
import socket
from pathlib import Path
from typing import Any

import paramiko

from engage_portal.fallback.dropbox.box import DropboxError, Trouble, Where

PATIENCE = 15.0
"""Seconds for each step: connecting, the banner, logging in, a channel, a read."""


def host_key(line: str) -> Any:
    """A public key as OpenSSH writes it: `ssh-ed25519 AAAA…`. Raises ValueError where it is none."""
    kind, _, rest = line.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(rest.split(" ")[0], validate=True))
    except Exception as error:
        raise ValueError("no public key") from error


def fingerprint(key: Any) -> str:
    """As `ssh` and `ssh-keygen -l` show it: `SHA256:…`."""
    return str(key.fingerprint)


def line_of(key: Any) -> str:
    """A public key as `SFTP_HOST_KEY` wants it."""
    return f"{key.get_name()} {key.get_base64()}"


def shown_key(host: str, port: int) -> Any:
    """The key that a server shows to whoever connects; nobody logs in. Raises DropboxError."""
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as line:
            transport = paramiko.Transport(line)
            transport.banner_timeout = PATIENCE
            try:
                transport.start_client(timeout=PATIENCE)
                return transport.get_remote_server_key()
            finally:
                transport.close()
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise DropboxError(Trouble.UNREACHABLE, Where(f"{host}:{port}")) from error


def key_file_problem(path: str) -> str:
    """Why a private key cannot be used, as the end of a sentence; empty where it can."""
    try:
        paramiko.PKey.from_path(Path(path))
    except FileNotFoundError:
        return "names no file"
    except Exception:  # noqa: BLE001 - the library raises half a dozen kinds, and none may reach the screen
        return "names no private key without a passphrase"
    return ""
