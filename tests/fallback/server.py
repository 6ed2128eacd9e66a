"""A real OpenSSH server on loopback: it can be killed with every session, come back, and refuse this or that."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.flows.running import free_port, until

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
PidFile {home}/sshd.pid
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
Subsystem sftp {sftp}
"""


@dataclass
class Server:
    """Where it is, and what its clients need."""

    home: Path
    host_key: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def user(self) -> str:
        return pwd.getpwuid(os.geteuid()).pw_name

    @property
    def key_file(self) -> Path:
        return self.home / "client_key"

    @property
    def folder(self) -> Path:
        return self.home / "exports"

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The same through another port."""
        return f"sftp://{self.user}@127.0.0.1:{port}/{self.folder}"

    def start(self, *, sftp: str = "internal-sftp", largest_file: int = 0) -> None:
        """Start it. `sftp` is what serves files; no file gets larger than so many KiB."""
        (self.home / "config").write_text(_CONFIG.format(port=self.port, home=self.home, sftp=sftp))
        command = [str(SSHD), "-D", "-e", "-f", str(self.home / "config")]
        if largest_file:
            # Python ignores SIGXFSZ, and leaves that to its children with restore_signals=False: a write is refused.
            command = ["bash", "-c", f'ulimit -f {largest_file} && exec "$@"', "sshd", *command]
        with (self.home / "sshd.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, restore_signals=False)
        until(lambda: "Server listening" in (self.home / "sshd.log").read_text(), what="sshd")

    def kill(self) -> None:
        """SIGKILL it with all its sessions."""
        if self.process is None:
            return
        family = [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()
        self.process = None


def key_pair(path: Path) -> str:
    """A new key; its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.with_name(f"{path.name}.pub").read_text().strip()


@contextmanager
def running(home: Path, *, sftp: str = "internal-sftp", largest_file: int = 0) -> Iterator[Server]:
    """The server, for as long as the block lasts."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd gives up its rights
    server = Server(home, key_pair(home / "host_key"))
    (home / "authorized_keys").write_text(key_pair(server.key_file))
    server.folder.mkdir()
    server.start(sftp=sftp, largest_file=largest_file)
    try:
        yield server
    finally:
        server.kill()
