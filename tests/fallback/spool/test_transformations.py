"""A record on which the tenant's own transformation fails goes alone, and keeps no other one from going."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.fallback.spool.writing import write_next
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import CONTACTS, only, send_files, sign_up, start, texts

pytestmark = pytest.mark.django_db

SHEET = """<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"
                         xmlns:c="http://eClub.Schemas.ImportContact">
<x:template match="@*|node()"><x:copy><x:apply-templates select="@*|node()"/></x:copy></x:template>
<x:template match="{}"><x:message terminate="yes"><x:value-of select="."/></x:message></x:template>
</x:stylesheet>"""
WHY = "The transformation that the file profile names fails on it."


@pytest.fixture
def sheet(dropbox: Path, settings: Any) -> Path:
    """Where the tenant's stylesheet for contacts is."""
    profile = Path(settings.ENGAGE_FILE_PROFILE)
    path = profile.with_name("sheet.xslt")
    path.write_text(SHEET.format("c:nobody"))
    profile.write_text(f'{profile.read_text()}xslt = "{path.name}"\n')
    return path


def fails_on(sheet: Path, *names: str) -> None:
    """Have it stop at people with these first names."""
    sheet.write_text(SHEET.format(" | ".join(f"c:firstName[. = '{name}']" for name in names)))


def test_the_others_go_and_it_says_why(till: APIClient, away: None, dropbox: Path, sheet: Path) -> None:
    for name in ("Greta", "Frida", "Hanna"):
        sign_up(till, name)
    fails_on(sheet, "Frida")

    start(by="karin")
    send_files()

    assert texts(only(dropbox / CONTACTS), "firstName") == ["Greta", "Hanna"]
    left = Item.objects.get(state=State.PENDING)
    assert (left.reason, left.avoids_bulk) == (WHY, True)
    assert SpoolFile.objects.get().records == 2


def test_what_the_sheet_says_of_a_record_stays_out_of_every_story(
    till: APIClient, away: None, dropbox: Path, sheet: Path
) -> None:
    sign_up(till, "Greta")
    sign_up(till, "Frida")
    fails_on(sheet, "Frida")

    start(by="karin")
    send_files()

    told = [
        *SpoolEvent.objects.values_list("detail", flat=True),
        *Item.objects.values_list("reason", flat=True),
    ]
    assert any(WHY in line for line in told)
    assert not any("Frida" in line for line in told)


def test_a_file_with_nothing_else_in_it_never_was(
    till: APIClient, away: None, dropbox: Path, sheet: Path
) -> None:
    sign_up(till, "Frida")
    fails_on(sheet, "Frida")

    start(by="karin")
    send_files()

    assert not list((dropbox / CONTACTS).iterdir())
    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert Item.objects.get().state == State.PENDING


def test_one_that_fails_on_all_of_several_is_at_fault_itself(
    till: APIClient, away: None, dropbox: Path, sheet: Path
) -> None:
    sign_up(till, "Greta")
    sign_up(till, "Frida")
    fails_on(sheet, "Greta", "Frida")
    start(by="karin")

    write_next()

    file = SpoolFile.objects.get()
    assert (file.state, file.problem) == (
        SpoolFile.State.WRITING,
        "The transformation does not make XML of the file.",
    )
    assert set(Item.objects.values_list("state", flat=True)) == {State.SPOOLED}
