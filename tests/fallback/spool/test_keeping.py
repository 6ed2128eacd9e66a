"""What is personal in files leaves on time."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from engage_portal.core import privacy
from engage_portal.engage import Unavailable
from engage_portal.fallback import tasks
from engage_portal.fallback.dropbox import Step
from engage_portal.fallback.models import SpoolEvent, SpoolFile
from engage_portal.fallback.spool import folder, writing
from engage_portal.fallback.spool.forgetting import forget_old
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.tasks import tend
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import TRANSACTIONS, come_back, engage_takes_all, sell, send_files, start

pytestmark = pytest.mark.django_db

ANNA = "430d3329-7eef-45c0-87f9-ae9300a0dace"


def _lying(settings: Any) -> list[Path]:
    return list(Path(settings.SPOOL_FOLDER).iterdir())


def test_a_file_that_never_left_is_withdrawn_in_the_end(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    assert forget_old() == 0

    travel(settings.SPOOL_KEEP_HOURS + 1)
    assert forget_old() == 1

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert Item.objects.get().state == State.PENDING
    assert _lying(settings) == []


def test_of_one_that_left_only_the_copy_goes(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()

    travel(settings.SPOOL_KEEP_HOURS + 1)
    forget_old()

    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED
    assert Item.objects.get().state == State.SPOOLED
    assert _lying(settings) == []


def test_what_a_crash_left_behind_is_swept_up(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    mine = _lying(settings)
    strange = folder.folder() / "20260412093015_000042_contacts.xml.writing"
    strange.write_text("<contacts/>")
    notes = folder.folder() / "notes.txt"
    notes.write_text("not ours")

    forget_old()

    assert sorted(_lying(settings)) == sorted([*mine, notes])


def test_who_is_forgotten_leaves_no_file_behind(
    engage: Any, till: APIClient, dropbox: Path, settings: Any
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    breaker.report([Unavailable("no answer")] * 3)
    sell(till, "101-1", contact={"matchKey": ANNA, "matchKeyType": "contactId"})
    start(by="karin")
    write_next()
    assert len(_lying(settings)) == 1

    privacy.shred(Contact.objects.get(engage_contact_id=ANNA).pk)

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert _lying(settings) == []


def test_who_is_forgotten_leaves_no_sale_by_a_personal_key_behind(
    engage: Any, till: APIClient, dropbox: Path, settings: Any
) -> None:
    breaker.report([Unavailable("no answer")] * 3)
    sell(till, "101-1", contact={"matchKey": "anna@example.com", "matchKeyType": "email"})
    start(by="karin")
    write_next()
    come_back(engage)
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200

    privacy.shred(Contact.objects.get(engage_contact_id=ANNA).pk)

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert _lying(settings) == []


def test_who_is_forgotten_while_a_file_is_written_is_not_in_it(
    till: APIClient, away: None, dropbox: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(till, "101-1", contact={"matchKey": ANNA, "matchKeyType": "contactId"})
    start(by="karin")
    contact = Item.objects.get().stream.removeprefix("contact:")
    monkeypatch.setattr(writing, "check_file", lambda *_: privacy.shred(UUID(contact)) and [])

    write_next()

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert _lying(settings) == []
    assert Item.objects.get().state == State.PENDING


def test_names_of_files_hold_nothing_personal(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    sell(till, "101-1", contact={"matchKey": "anna@example.com", "matchKeyType": "email"})
    start(by="karin")
    write_next()

    file = SpoolFile.objects.get()
    assert "anna" not in f"{file.name}{file.group}{file.problem}".lower()
    assert file.name.endswith("_transactions.xml")


def test_what_is_told_of_a_file_goes_as_long_after_its_end_as_items_do(
    till: APIClient, away: None, dropbox: Path, travel: Any
) -> None:
    sell(till, "101-1")
    start(by="karin")
    send_files()
    engage_takes_all(dropbox)
    sell(till, "101-2")
    start(by="karin")
    send_files()

    travel(89 * 24)
    assert tasks.purge() == 0
    travel(2 * 24)
    assert tasks.purge() == 1
    assert tasks.purge() == 0

    assert list(SpoolFile.objects.values_list("state", flat=True)) == [SpoolFile.State.UPLOADED]
    assert set(SpoolEvent.objects.values_list("file", flat=True)) == {SpoolFile.objects.get().pk}


@pytest.mark.parametrize("step", [Step.RENAMING, Step.WRITING])
def test_of_one_that_broke_off_at_its_last_step_the_copy_goes_though_the_dropbox_stays_away(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any, step: Step
) -> None:
    sell(till, "101-1")
    start(by="karin")
    write_next()
    (name,) = (path.name for path in _lying(settings))
    SpoolFile.objects.update(step=step)
    dropbox.rename(dropbox.with_name("elsewhere"))

    travel(settings.SPOOL_KEEP_HOURS + 1)
    tend()

    assert _lying(settings) == []
    assert Item.objects.get().state == State.SPOOLED, "part of it may be in Engage"

    dropbox.with_name("elsewhere").rename(dropbox)
    travel(2)
    (dropbox / TRANSACTIONS / name).write_bytes(b"x" * SpoolFile.objects.get().size)
    tend()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED


def test_a_copy_on_a_machine_that_did_not_send_the_file_goes_as_well(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Any, tmp_path: Path
) -> None:
    one, other = settings.SPOOL_FOLDER, str(tmp_path / "other")
    sell(till, "101-1")
    start(by="karin")
    write_next()
    settings.SPOOL_FOLDER = other
    send_files()
    send_files()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED

    travel(settings.SPOOL_KEEP_HOURS + 1)
    for machine in (other, one):
        settings.SPOOL_FOLDER = machine
        forget_old()
        assert _lying(settings) == []
