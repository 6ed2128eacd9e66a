"""Delivering a file to an SFTP server on loopback, against OpenSSH's own client."""

import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from django.test import override_settings

from engage_portal.fallback.dropbox import Outgoing, Step, deliver, opened
from tests.bench.report import Figure, Grid, at_least, middle, paired, spread
from tests.fallback import server as ssh

_HOW = (
    "A file of {size} MiB goes to an OpenSSH server on loopback: by the portal (connect, log in, look, write under a "
    "temporary name, measure, rename), and by `sftp` (connect, log in, put), in turns. Every copy is compared with the "
    "original."
)
_GOAL = 0.7


def measure(home: Path, *, is_quick: bool) -> Figure:
    """Both in turns."""
    if ssh.SSHD is None:
        raise RuntimeError("openssh-server is not installed")
    size, rounds = (64, 4) if is_quick else (256, 7)
    figure = Figure("uploading", "Uploading", _HOW.format(size=size))
    local = home / "file.xml"
    local.write_bytes((b"<receipt/>" * 104_858)[: 2**20] * size)
    with ssh.running(home) as server, _settings(server):
        ours, theirs = list[float](), list[float]()
        for number in range(rounds):
            theirs.append(_seconds(_by_sftp, server, local, f"theirs{number}.xml"))
            ours.append(_seconds(_by_portal, server, local, f"ours{number}.xml"))
    ratios = paired(theirs, ours)
    figure.ratios.append(
        at_least("Delivery / sftp, bytes a second", "SFTP", middle(ratios), _GOAL, spread(ratios))
    )
    grid = Grid("", ("What", "MiB/s, median", "Lowest", "Highest"))
    for name, seconds in (("portal", ours), ("sftp", theirs)):
        rates = [size / each for each in seconds]
        grid.rows.append([name, *(f"{rate:,.0f}" for rate in (middle(rates), min(rates), max(rates)))])
    figure.grids.append(grid)
    return figure


def _settings(server: ssh.Server) -> override_settings:
    return override_settings(
        SFTP_URL=server.url,
        SFTP_HOST_KEY=server.host_key,
        SFTP_KEY_FILE=str(server.key_file),
        SFTP_PASSWORD="",
    )


def _seconds(
    send: Callable[[ssh.Server, Path, str], None], server: ssh.Server, local: Path, name: str
) -> float:
    began = time.perf_counter()
    send(server, local, name)
    seconds = time.perf_counter() - began
    there = server.folder / name
    if there.read_bytes() != local.read_bytes():
        raise RuntimeError(f"{name} is not what was sent")
    there.unlink()
    return seconds


def _by_portal(_server: ssh.Server, local: Path, name: str) -> None:
    with opened() as box:
        deliver(
            box,
            Outgoing("", name, local.stat().st_size, lambda: nullcontext(local)),
            step=Step.NOT_BEGUN,
            begin=lambda: None,
            note=lambda _step: None,
        )


def _by_sftp(server: ssh.Server, local: Path, name: str) -> None:
    known = server.home / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    options = {"UserKnownHostsFile": known, "IdentitiesOnly": "yes", "BatchMode": "yes"}
    command = [
        str(shutil.which("sftp")),
        "-q",
        "-F",
        "none",
        "-P",
        str(server.port),
        "-i",
        str(server.key_file),
    ]
    for option, value in options.items():
        command += ["-o", f"{option}={value}"]
    subprocess.run(
        [*command, "-b", "-", f"{server.user}@127.0.0.1"],
        input=f"put {local} {server.folder / name}\n".encode(),
        check=True,
        capture_output=True,
    )
