"""The two kinds of dropbox, each with a folder for transactions."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fallback import server as ssh
from tests.fallback.boxes import CONTENT, FOLDER, Sender, needs_sshd


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssh.Server]:
    """One server for the tests of a module."""
    with ssh.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def use(server: ssh.Server, settings: Any) -> None:
    """Let the portal use this server."""
    for path in server.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    settings.DROPBOX_FOLDER = ""
    settings.SFTP_URL, settings.SFTP_HOST_KEY = server.url, server.host_key
    settings.SFTP_KEY_FILE, settings.SFTP_PASSWORD = str(server.key_file), ""


def sender(root: Path, home: Path) -> Sender:
    """Somebody with a file for this dropbox."""
    (root / FOLDER).mkdir(parents=True)
    local = home / "spooled.xml"
    local.write_bytes(CONTENT)
    return Sender(root, local)


@pytest.fixture
def sftp(started: ssh.Server, settings: Any, tmp_path: Path) -> Sender:
    """A dropbox on a server."""
    use(started, settings)
    return sender(started.folder, tmp_path)


@pytest.fixture
def plain(settings: Any, tmp_path: Path) -> Sender:
    """A dropbox that is a folder."""
    root = tmp_path / "dropbox"
    settings.SFTP_URL, settings.DROPBOX_FOLDER = "", str(root)
    return sender(root, tmp_path)


@pytest.fixture(params=["plain", pytest.param("sftp", marks=needs_sshd)])
def dropbox(request: pytest.FixtureRequest) -> Sender:
    """Both, one after the other."""
    found: Sender = request.getfixturevalue(request.param)
    return found
