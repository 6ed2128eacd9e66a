"""`manage.py spool pin-host`: the key is shown, compared by a person, and only then kept."""

import subprocess
import sys
from errno import ENOSPC
from io import StringIO

import pytest

from engage_portal import env
from engage_portal.fallback.commands import pinning
from tests.fallback import server as ssh
from tests.fallback.boxes import needs_sshd
from tests.outbox_commands.running import ROOT, Keyboard, Said, said_by


def spool(*arguments: str) -> Said:
    return said_by("spool", *arguments)


def test_without_a_server_it_says_what_to_set(settings):
    settings.SFTP_URL = ""
    said = spool("pin-host")
    assert said.code == 2
    assert "Set SFTP_URL first" in said.err


def test_a_server_that_is_away_is_told(settings):
    settings.SFTP_URL = "sftp://user@127.0.0.1:1/x"
    said = spool("pin-host", "--yes")
    assert said.code == 1
    assert "does not answer" in said.err


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with ssh.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


class TestServer:
    pytestmark = needs_sshd

    @pytest.fixture
    def server(self, started, settings):
        settings.SFTP_URL, settings.SFTP_HOST_KEY = started.url, ""
        settings.SFTP_KEY_FILE = settings.SFTP_PASSWORD = ""
        return started

    @pytest.fixture
    def keyboard(self, monkeypatch):
        return lambda text: monkeypatch.setattr("sys.stdin", Keyboard(text))

    @pytest.fixture
    def dotenv(self, tmp_path, monkeypatch):
        file = tmp_path / ".env"
        monkeypatch.setattr(env, "FILES", [file])
        return file

    def key(self, server) -> str:
        return " ".join(server.host_key.split()[:2])

    def openssh_s_fingerprint(self, server) -> str:
        file = server.home / "host_key.pub"
        return subprocess.run(
            ["ssh-keygen", "-l", "-f", str(file)], check=True, capture_output=True, text=True
        ).stdout.split()[1]

    def test_after_a_yes_the_line_stands_alone_on_stdout(self, server, keyboard):
        keyboard("y\n")
        said = spool("pin-host")
        assert said.code == 0
        assert said.out == f"SFTP_HOST_KEY={self.key(server)}\n"
        assert self.openssh_s_fingerprint(server) in said.err
        assert "[y/N]" in said.err

    @pytest.mark.parametrize("typed", ["n\n", "\n", ""])
    def test_without_a_yes_nothing_is_printed_or_written(self, server, keyboard, dotenv, typed):
        dotenv.write_text("DEBUG=true\n")
        keyboard(typed)
        said = spool("pin-host")
        assert (said.code, said.out) == (1, "")
        assert "Nothing was pinned" in said.err
        assert dotenv.read_text() == "DEBUG=true\n"

    def test_where_nobody_sits_it_shows_the_fingerprint_and_refuses(self, server, monkeypatch):
        monkeypatch.setattr("sys.stdin", StringIO("y\n"))
        said = spool("pin-host")
        assert (said.code, said.out) == (1, "")
        assert self.openssh_s_fingerprint(server) in said.err
        assert "use --yes" in said.err

    def test_json_tells_programs_all_of_it(self, server):
        said = spool("pin-host", "--yes", "--json")
        assert said.code == 0
        assert said.document == {
            "host": "127.0.0.1",
            "port": server.port,
            "fingerprint": self.openssh_s_fingerprint(server),
            "hostKey": self.key(server),
            "isPinned": True,
            "writtenTo": None,
            "message": "",
        }

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "{}\n"),
            ("DEBUG=true\n", "DEBUG=true\n{}\n"),
            ("#SFTP_HOST_KEY=ssh-ed25519 AAAA…\nPORT=1\n", "{}\nPORT=1\n"),
            ("A=1\nSFTP_HOST_KEY=old one\n#SFTP_HOST_KEY=x\n", "A=1\n{}\n#SFTP_HOST_KEY=x\n"),
        ],
    )
    def test_a_dotenv_that_is_read_gets_the_line(self, server, dotenv, before, after):
        dotenv.write_text(before)
        dotenv.chmod(0o600)
        said = spool("pin-host", "--yes")
        line = f"SFTP_HOST_KEY={self.key(server)}"
        assert dotenv.read_text() == after.format(line)
        assert dotenv.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in dotenv.parent.iterdir()] == [".env"]
        assert "Written to .env" in said.err

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
    def test_a_dotenv_that_was_written_is_for_the_same_people_as_before(self, server, dotenv, mode):
        dotenv.write_text("SECRET_KEY=x\n")
        dotenv.chmod(mode)
        assert spool("pin-host", "--yes").code == 0
        assert dotenv.stat().st_mode & 0o777 == mode

    def test_a_dotenv_that_is_not_whole_yet_is_for_nobody_else_and_does_not_stay(
        self, server, dotenv, monkeypatch
    ):
        dotenv.write_text("SECRET_KEY=x\n")
        dotenv.chmod(0o644)
        left = dotenv.with_name(".env.new")
        left.write_text("by one that was killed")
        left.chmod(0o644)
        seen = []

        def full(*_):
            seen.append((left.stat().st_mode & 0o777, left.read_text()))
            raise OSError(ENOSPC, "No space left on device")

        monkeypatch.setattr(pinning.os, "fchmod", full)
        with pytest.raises(OSError, match="No space left"):
            spool("pin-host", "--yes")

        ((mode, text),) = seen
        assert mode == 0o600
        assert text.startswith("SECRET_KEY=x\nSFTP_HOST_KEY=")
        assert dotenv.read_text() == "SECRET_KEY=x\n"
        assert [path.name for path in dotenv.parent.iterdir()] == [".env"]

    def test_what_is_pinned_already_is_not_asked_for_again(self, server, settings, dotenv):
        dotenv.write_text("A=1\n")
        settings.SFTP_HOST_KEY = server.host_key
        said = spool("pin-host")
        assert said.code == 0
        assert "Pinned already" in said.err
        assert dotenv.read_text() == "A=1\n"

    def test_another_key_than_the_pinned_one_is_an_alarm(self, server, settings, keyboard, tmp_path):
        settings.SFTP_HOST_KEY = ssh.key_pair(tmp_path / "before")
        keyboard("n\n")
        assert "Another one is pinned" in spool("pin-host").err

    def test_nobody_logs_in(self, server):
        spool("pin-host", "--yes")
        log = (server.home / "sshd.log").read_text()
        assert "Accepted" not in log
        assert "Invalid user" not in log
        assert "Failed" not in log

    def test_it_helps_before_the_portal_can_start(self, server, tmp_path):
        """The check of the configuration wants what only this can find out."""
        done = subprocess.run(
            [sys.executable, "manage.py", "spool", "pin-host", "--yes"],
            cwd=ROOT,
            env={
                "PATH": "/usr/bin",
                "SECRET_KEY": "k" * 60,
                "SFTP_URL": server.url,
                "DATABASE_URL": f"sqlite:///{tmp_path / 'none.sqlite3'}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"SFTP_HOST_KEY={self.key(server)}\n"
