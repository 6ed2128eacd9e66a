"""An SFTP server is used only with a user, one way to log in, and a key to know it by."""

import subprocess

import pytest

from tests.fallback.server import key_pair
from tests.settings_checks.starting import run

pytestmark = pytest.mark.xdist_group("settings")
URL = "sftp://user@sftp.example.com:22/customerExport"


@pytest.fixture
def host_key(tmp_path):
    try:
        return key_pair(tmp_path / "host")
    except FileNotFoundError:
        pytest.skip("NO SSH-KEYGEN: the checks of SFTP settings are not tested")


def said(tmp_path, **changes: str) -> list[str]:
    ended: subprocess.CompletedProcess[str] = run(
        ["manage.py", "check", "--tag", "configuration"], tmp_path, **changes
    )
    assert "Traceback" not in ended.stderr
    return [line.split(") ")[-1] for line in ended.stderr.splitlines() if "(engage_portal.E" in line]


def test_sound_settings_are_taken(tmp_path, host_key):
    key = tmp_path / "client"
    key_pair(key)
    assert said(tmp_path, SFTP_URL=URL, SFTP_HOST_KEY=host_key, SFTP_KEY_FILE=str(key)) == []
    assert said(tmp_path, SFTP_URL=URL, SFTP_HOST_KEY=host_key, SFTP_PASSWORD="secret") == []


def test_what_is_missing_is_told_without_secrets(tmp_path, host_key):
    found = said(
        tmp_path,
        SFTP_URL="sftp://user:geheim@sftp.example.com/x",
        SFTP_HOST_KEY="AAAA",
        SFTP_PASSWORD="geheim",
        SFTP_KEY_FILE="/nowhere/key",
    )
    assert [line.split()[0] for line in found] == ["SFTP_URL", "SFTP_HOST_KEY", "SFTP_URL"]
    assert "geheim" not in " ".join(found)


@pytest.mark.parametrize(
    ("path", "words"), [("/nowhere/key", "names no file"), ("/etc/hosts", "no private key")]
)
def test_a_key_file_that_cannot_be_used_is_told(tmp_path, host_key, path, words):
    (line,) = said(tmp_path, SFTP_URL=URL, SFTP_HOST_KEY=host_key, SFTP_KEY_FILE=path)
    assert line.startswith("SFTP_KEY_FILE")
    assert words in line


def test_there_is_one_dropbox(tmp_path, host_key):
    server = {"SFTP_URL": URL, "SFTP_HOST_KEY": host_key, "SFTP_PASSWORD": "secret"}
    assert said(tmp_path, DROPBOX_FOLDER=str(tmp_path), SPOOL_FOLDER=str(tmp_path.parent / "spool")) == []
    (line,) = said(tmp_path, DROPBOX_FOLDER=str(tmp_path), **server)
    assert line == "DROPBOX_FOLDER and SFTP_URL are two dropboxes: set one of them."


@pytest.mark.parametrize("inside", [".", "integration/contactImport", "link"])
def test_files_that_are_not_ready_lie_nowhere_in_the_dropbox(tmp_path, inside):
    dropbox = tmp_path / "engage"
    (dropbox / "integration").mkdir(parents=True, mode=0o700)
    dropbox.chmod(0o700)
    (tmp_path / "link").symlink_to(dropbox)
    spool = tmp_path / "link" if inside == "link" else dropbox / inside
    (line,) = said(tmp_path, DROPBOX_FOLDER=str(dropbox), SPOOL_FOLDER=str(spool))
    assert line == "SPOOL_FOLDER must not be in DROPBOX_FOLDER: Engage would import files that are not ready."
