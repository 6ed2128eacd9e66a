"""A real OpenSSH server on loopback, for one test module."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class Server:
    """Where it is, and what its clients need."""

    port: int
    user: str
    host_key: str
    key_file: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"sftp://{self.user}@127.0.0.1:{self.port}/{self.folder}"


def key_pair(path: Path) -> str:
    """A new key; its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.with_name(f"{path.name}.pub").read_text().strip()


@contextmanager
def running(home: Path) -> Iterator[Server]:
    """The server, for as long as the block lasts."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd gives up its rights
    host_key = key_pair(home / "host_key")
    (home / "authorized_keys").write_text(key_pair(home / "client_key"))
    (home / "exports").mkdir()
    port = free_port()
    (home / "config").write_text(_CONFIG.format(port=port, home=home))
    log = (home / "sshd.log").open("wb")
    process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(home / "config")], stdout=log, stderr=log)
    try:
        until(lambda: "Server listening" in (home / "sshd.log").read_text(), what="sshd")
        user = pwd.getpwuid(os.geteuid()).pw_name
        yield Server(port, user, host_key, home / "client_key", home / "exports")
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()
