"""Wherever a process that delivers is killed: whoever comes next finishes, and there is one file."""

import json
import os
import signal
import subprocess
import sys

import pytest

from engage_portal.fallback.dropbox import Delivered, FateUnknownError, Step
from tests.fallback.boxes import CONTENT, FOLDER, NAME
from tests.flows.running import ROOT

_SETTINGS = (
    "SFTP_URL",
    "SFTP_HOST_KEY",
    "SFTP_KEY_FILE",
    "SFTP_PASSWORD",
    "DROPBOX_FOLDER",
    "SFTP_DIRECT_UPLOAD",
)


@pytest.fixture
def killed_at(dropbox, settings, tmp_path):
    """Has a process deliver that dies at a place."""
    steps = tmp_path / "step"
    steps.write_text(dropbox.step)

    def run(place: str) -> None:
        arguments = {
            "local": str(dropbox.local),
            "steps": str(steps),
            "folder": FOLDER,
            "name": NAME,
            "place": place,
        }
        given = {name: getattr(settings, name) for name in _SETTINGS}
        done = subprocess.run(
            [sys.executable, "-m", "tests.fallback.deliver_once", json.dumps({**arguments, "given": given})],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        dropbox.step = Step(steps.read_text())

    return run


@pytest.mark.parametrize(
    ("place", "how"),
    [
        ("connected", Delivered.UPLOADED),
        ("half a file", Delivered.UPLOADED),
        ("whole file", Delivered.UPLOADED),
        ("before renaming", Delivered.UPLOADED),
        ("after renaming", Delivered.UPLOADED),
        ("before done", Delivered.FOUND),
        ("after done", Delivered.UPLOADED),
    ],
)
def test_the_next_one_finishes(killed_at, dropbox, place, how):
    killed_at(place)
    assert dropbox.deliver() is how
    assert dropbox.lies_there() == {NAME: CONTENT}


def test_what_engage_took_meanwhile_is_not_sent_again_by_itself(killed_at, dropbox):
    killed_at("before done")
    dropbox.pick_up()
    with pytest.raises(FateUnknownError):
        dropbox.deliver()
    assert dropbox.lies_there() == {}
