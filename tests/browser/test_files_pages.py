"""The pages about files fit a phone, a finger and whoever cannot see them, with a plan and files in every state."""

from pathlib import Path

import pytest

from engage_portal.core import clock
from engage_portal.fallback import groups
from engage_portal.fallback.dropbox import Step
from engage_portal.fallback.models import ENDED, SpoolEvent, SpoolFile
from engage_portal.fallback.spool.writing import write_next
from tests.browser.test_accessibility import check
from tests.fallback.spool.conftest import away, dropbox, sell, sign_up, start  # noqa: F401 - fixtures
from tests.pages import building

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_LONG = "sftp.example.com:2222 does not have the folder /home/acme-retail-group/integration/transactionImport: check its name."
_GROUPS = (
    groups.of_new("Member", "A-Rather-Long-Source-Without-Blanks"),
    groups.of_known("Member", "EngagePortal"),
    "mobilePhone",
    groups.REDEMPTIONS,
)


@pytest.fixture
def waiting(till, away: None, dropbox: Path) -> None:  # noqa: F811
    """A plan with several files, and items in a file."""
    sell(till, "written")
    start(by="fia")
    write_next()
    sell(till, "by-id")
    sell(till, "by-phone", contact={"matchKey": "+46735654321", "matchKeyType": "mobilePhone"})
    sign_up(till, "Frida", source="ARatherLongSourceWithoutBlanks")


def _in_each_state() -> list[int]:
    return [_file(state, number) for number, state in enumerate(SpoolFile.State)]


def _file(state: SpoolFile.State, number: int) -> int:
    file = SpoolFile.objects.create(
        file_type=("contacts", "contacts", "transactions", "redeemedPromotions")[number % 4],
        group=_GROUPS[number % 4],
        name=f"20261122093015_00000{number}_transactions.xml",
        state=state,
        step=Step.WRITING if state == SpoolFile.State.STUCK else Step.NOT_BEGUN,
        records=12345,
        size=7_654_321,
        digest="0" * 64,
        problem="" if state in ENDED else _LONG,
        ended_at=clock.now() if state in ENDED else None,
    )
    SpoolEvent.objects.create(file=file, what="upload failed", actor="a-long-name-of-a-person", detail=_LONG)
    return file.pk


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_about_files_are_accessible(visit, waiting, width):
    written = SpoolFile.objects.get().pk
    numbers = _in_each_state()
    stuck = SpoolFile.objects.get(state="stuck").pk
    fia = building.staff("fia", "view_item", "spool", "download_spoolfile")
    for path in (
        "",
        "start/",
        *(f"{number}/" for number in (written, *numbers)),
        f"{written}/withdraw/",
        f"{stuck}/settle/?was_taken=yes",
        f"{stuck}/settle/?was_taken=no",
    ):
        check(visit(f"/staff/files/{path}", user=fia, width=width))
