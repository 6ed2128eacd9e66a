"""A portal with a dropbox, and an Engage that is away."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from lxml import etree
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import Unavailable
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import starting
from engage_portal.fallback.spool.claiming import Claimed
from engage_portal.fallback.spool.picking import watch
from engage_portal.fallback.tasks import carry_on
from engage_portal.outbox.line import breaker
from tests.conftest import make_receipt

CONTACTS = "integration/contactImport"
TRANSACTIONS = "integration/transactionImport"


@pytest.fixture
def dropbox(tmp_path: Path, settings: Any) -> Path:
    """A plain folder as Engage's, and a profile that knows where contacts go."""
    settings.SFTP_URL, settings.DROPBOX_FOLDER = "", str(tmp_path / "engage")
    settings.SPOOL_FOLDER = str(tmp_path / "spool")
    for folder in (CONTACTS, TRANSACTIONS):
        (tmp_path / "engage" / folder).mkdir(parents=True)
    settings.ENGAGE_FILE_PROFILE = str(tmp_path / "profile.toml")
    Path(settings.ENGAGE_FILE_PROFILE).write_text(f'[contacts_import]\nfolder = "{CONTACTS}"\n')
    return tmp_path / "engage"


@pytest.fixture
def away(engage: Any) -> None:
    """Engage's API does not answer, and everybody knows."""
    engage.engage.faults.set("down")
    breaker.report([Unavailable("no answer")] * 3)


@pytest.fixture
def travel() -> Iterator[Callable[[float], None]]:
    """Moves the clock on by some hours."""
    with time_machine.travel(clock.now(), tick=True) as machine:
        yield lambda hours: machine.shift(hours * 3600)


def come_back(engage: Any) -> None:
    """Engage's API answers again, and everybody knows."""
    engage.engage.faults.clear()
    breaker.EngageLine.objects.all().delete()


def sell(till: APIClient, number: str, **members: Any) -> None:
    """One jacket."""
    assert till.post("/api/v3/receipts", make_receipt(number, **members)).status_code == 202


def sign_up(till: APIClient, name: str, **members: Any) -> str:
    """Somebody new; their id."""
    body = {
        "firstName": name,
        "lastName": "Falk",
        "email": f"{name.lower()}@example.com",
        "countryCode": "SE",
        **members,
    }
    answer = till.post("/api/v3/contacts", body)
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def start(*, by: str, seconds: float = 3600) -> Claimed:
    """What waits goes in files: all of it, unless there is less time."""
    return starting.start(by=by, end=Deadline.after(seconds))


def send_files() -> None:
    """Write and upload what was begun."""
    carry_on(Deadline.after(60))


def engage_takes_all(dropbox: Path) -> int:
    """Engage's job deletes what it processed; how many files."""
    taken = list(dropbox.rglob("*.xml"))
    for path in taken:
        path.unlink()
    watch()
    return len(taken)


def texts(path: Path, name: str) -> list[str]:
    """What stands in the elements of a name, in order."""
    return [element.text for element in etree.parse(str(path)).iter(f"{{*}}{name}")]


def only(folder: Path) -> Path:
    """The one file in a folder."""
    (path,) = folder.iterdir()
    return path


def states() -> dict[str, str]:
    """File type → state, where there is one of each."""
    return dict(SpoolFile.objects.values_list("file_type", "state"))


@pytest.fixture
def without_contacts_folder(settings: Any, dropbox: Path) -> None:
    """The tenant has not said where contacts go."""
    settings.ENGAGE_FILE_PROFILE = ""
