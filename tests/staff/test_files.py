"""The pages about files: what could go, what is on its way, and what people do about it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.dropbox import Step
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import claiming
from engage_portal.fallback.spool.withdrawing import withdraw
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.tasks import tend
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.staff.views import files
from tests.fallback.spool.conftest import away, dropbox, sell, send_files, start, travel  # noqa: F401 - fixtures
from tests.pages import building
from tests.pages.people import signed_in
from tests.staff.test_pauses import words

pytestmark = pytest.mark.django_db

PAGE = "/staff/files/"


@pytest.fixture
def files_hand(db: None) -> Client:
    """The browser of Fia, who may write, upload and withdraw files."""
    return signed_in(building.staff("fia", "view_item", "spool"))


@pytest.fixture
def begun(till: APIClient, away: None, dropbox: Path) -> SpoolFile:  # noqa: F811
    """A file that is ready."""
    sell(till, "101-1")
    start(by="karin")
    write_next()
    return SpoolFile.objects.get()


def test_without_files_the_page_says_what_it_is_for(vera_at_work: Client) -> None:
    page = words(vera_at_work.get(PAGE))
    assert "No file has been written yet." in page
    assert "Nothing waits" in page
    assert "There is no dropbox yet." in page


def test_what_waits_is_put_into_files_after_a_look_at_the_plan(
    files_hand: Client,
    till: APIClient,
    away: None,  # noqa: F811
    dropbox: Path,  # noqa: F811
) -> None:
    sell(till, "101-1")
    page = words(files_hand.get(PAGE))
    assert "1 item could go in at least 1 file." in page
    assert "Transactions by contact id 1 1" in page
    assert "This outage" in page
    assert "What waits goes in files, unless Engage is back" in page

    assert "Put 1 item into files?" in words(files_hand.get(f"{PAGE}start/"))
    assert not SpoolFile.objects.exists()

    page = words(files_hand.post(f"{PAGE}start/", follow=True))
    assert "1 file begun with 1 item." in page
    assert SpoolFile.objects.get().made_by == "fia"


def test_nobody_waits_until_a_long_queue_is_claimed(
    files_hand: Client,
    till: APIClient,
    away: None,  # noqa: F811
    dropbox: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 1)
    monkeypatch.setattr(files, "_PATIENCE", 0.0)
    sell(till, "101-1")
    sell(till, "101-2")

    page = words(files_hand.post(f"{PAGE}start/", follow=True))
    assert (
        "1 file begun with 1 item. The worker writes and uploads them. It goes on with what waits still."
        in page
    )

    tend()
    assert not Item.objects.exclude(state=State.SPOOLED).exists()
    tend()
    assert SpoolFile.objects.count() == 2


def test_who_may_only_look_can_do_nothing(vera_at_work: Client, begun: SpoolFile) -> None:
    assert vera_at_work.get(PAGE).status_code == 200
    page = vera_at_work.get(f"{PAGE}{begun.pk}/")
    assert "Withdraw" not in page.text
    assert "Download" not in page.text
    for act in ("start/", f"{begun.pk}/withdraw/", f"{begun.pk}/upload/", f"{begun.pk}/settle/", f"{begun.pk}/download/"):  # fmt: skip
        assert vera_at_work.post(PAGE + act).status_code == 403
    assert Item.objects.get().state == State.SPOOLED


def test_a_file_shows_what_is_in_it_and_what_happened(vera_at_work: Client, begun: SpoolFile) -> None:
    page = words(vera_at_work.get(f"{PAGE}{begun.pk}/"))
    assert "Ready to upload" in page
    assert begun.name in page
    assert "101-1" in page
    assert "Begun By karin." in page
    assert "Written 1 record" in page


def test_a_file_that_has_not_left_is_withdrawn_after_a_question(files_hand: Client, begun: SpoolFile) -> None:
    assert "Withdraw file" in words(files_hand.get(f"{PAGE}{begun.pk}/withdraw/"))
    page = words(files_hand.post(f"{PAGE}{begun.pk}/withdraw/", follow=True))
    assert "is withdrawn. Its items wait again." in page
    assert Item.objects.get().state == State.PENDING
    again = words(files_hand.post(f"{PAGE}{begun.pk}/withdraw/", follow=True))
    assert "left as it is" in again


def test_what_was_in_a_withdrawn_file_is_told_as_such(files_hand: Client, begun: SpoolFile) -> None:
    assert "Was in it" not in words(files_hand.get(f"{PAGE}{begun.pk}/"))
    withdraw(begun, by="karin")
    assert "Was in it" in words(files_hand.get(f"{PAGE}{begun.pk}/"))


def test_of_a_file_with_much_in_it_the_queue_shows_the_rest(
    files_hand: Client, begun: SpoolFile, till: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(till, "102-1")
    monkeypatch.setattr(files, "_ITEMS_SHOWN", 0)

    page = files_hand.get(f"{PAGE}{begun.pk}/").text
    address = f"/staff/queue/?file={begun.key}"
    assert f'<a class="soft" href="{address}">and 1 more</a>' in page

    queue = files_hand.get(address).text
    assert f'in <a href="{PAGE}{begun.pk}/">file {begun.pk}</a>' in queue
    assert "101-1" in queue
    assert "102-1" not in queue


def test_a_profile_that_broke_since_the_start_is_told_in_a_sentence(
    files_hand: Client, till: APIClient, begun: SpoolFile, settings: Any
) -> None:
    sell(till, "101-2")
    Path(settings.ENGAGE_FILE_PROFILE).write_text("oops = [")
    said = "The file that ENGAGE_FILE_PROFILE names is not TOML in UTF-8."

    page = words(files_hand.get(PAGE))
    assert said in page
    assert f"File {begun.pk}" in page
    assert said in words(files_hand.get(f"{PAGE}start/"))
    assert said in words(files_hand.post(f"{PAGE}start/", follow=True))
    assert SpoolFile.objects.count() == 1


def test_a_spool_folder_that_broke_since_the_start_is_told_in_a_sentence(
    files_hand: Client, begun: SpoolFile, settings: Any, tmp_path: Path
) -> None:
    settings.SPOOL_FOLDER = str(tmp_path / "a file")
    Path(settings.SPOOL_FOLDER).touch()

    started = words(files_hand.post(f"{PAGE}start/", follow=True))

    for page in (started, words(files_hand.get(PAGE)), words(files_hand.get(f"{PAGE}start/"))):
        assert "SPOOL_FOLDER names a folder that cannot be made." in page
    assert SpoolFile.objects.get().state == SpoolFile.State.READY
    assert Item.objects.get().state == State.SPOOLED

    withdrawn = words(files_hand.post(f"{PAGE}{begun.pk}/withdraw/", follow=True))
    assert f"File {begun.pk} is withdrawn. Its items wait again." in withdrawn
    assert Item.objects.get().state == State.PENDING


def test_an_upload_that_failed_is_tried_now(files_hand: Client, begun: SpoolFile, dropbox: Path) -> None:  # noqa: F811
    (dropbox / "integration/transactionImport").rmdir()
    send_files()
    page = words(files_hand.get(f"{PAGE}{begun.pk}/"))
    assert "/engage/integration/transactionImport: check its name." in page
    assert "Next try in" in page
    assert "tried in a moment" in words(files_hand.post(f"{PAGE}{begun.pk}/upload/", follow=True))

    (dropbox / "integration/transactionImport").mkdir()
    send_files()
    assert SpoolFile.objects.get().state == SpoolFile.State.UPLOADED


def test_only_the_first_of_its_type_says_when_it_is_tried_next(
    files_hand: Client,
    begun: SpoolFile,
    till: APIClient,
    dropbox: Path,  # noqa: F811
) -> None:
    sell(till, "101-2")
    start(by="karin")
    write_next()
    SpoolFile.objects.update(problem="The dropbox has no such folder.")
    second = SpoolFile.objects.exclude(pk=begun.pk).get()

    assert "Next try" in words(files_hand.get(f"{PAGE}{begun.pk}/"))
    behind = words(files_hand.get(f"{PAGE}{second.pk}/"))
    assert f"It waits behind file {begun.pk}." in behind
    assert "Next try" not in behind


def test_an_upload_now_brings_forward_what_goes_before_it_and_nothing_else(
    files_hand: Client, begun: SpoolFile
) -> None:
    later = clock.now() + timedelta(hours=1)
    other = SpoolFile.objects.create(file_type="contacts", group="g", state="ready")
    second = SpoolFile.objects.create(file_type=begun.file_type, group="g", state="ready")
    SpoolFile.objects.update(not_before=later)

    page = words(files_hand.post(f"{PAGE}{second.pk}/upload/", follow=True))

    assert "It is tried in a moment; files of its type before it go first." in page
    assert set(SpoolFile.objects.filter(not_before__lt=later)) == {begun, second}
    assert SpoolFile.objects.get(not_before=later) == other

    SpoolFile.objects.filter(pk=second.pk).update(state="uploaded", step=Step.DONE)
    page = words(files_hand.post(f"{PAGE}{second.pk}/upload/", follow=True))
    assert f"File {second.pk} is not waiting to be uploaded." in page


@pytest.mark.parametrize(
    ("said", "question", "state"),
    [("yes", "Does Engage have file", "picked_up"), ("no", "Send file", "ready")],
)
def test_a_person_decides_what_became_of_a_file_after_a_question(
    files_hand: Client, begun: SpoolFile, said: str, question: str, state: str
) -> None:
    SpoolFile.objects.update(state="stuck", step=Step.WRITING, problem="The upload broke off.")
    page = files_hand.get(f"{PAGE}{begun.pk}/").text
    for told in (page, files_hand.get(PAGE).text):
        assert "Needs a decision" in told
        assert "Not picked up" not in told
    address = f"{PAGE}{begun.pk}/settle/?was_taken={said}"
    assert f'href="{address}"' in page
    asked = words(files_hand.get(address))
    assert question in asked
    assert "This cannot be undone." in asked
    assert (
        said == "no"
        or "Its 1 record counts as accepted from then on, and is not sent again by itself." in asked
    )
    assert SpoolFile.objects.get().state == SpoolFile.State.STUCK

    files_hand.post(f"{PAGE}{begun.pk}/settle/", {"was_taken": said})
    assert SpoolFile.objects.get().state == state


def test_a_decision_without_an_answer_decides_nothing(files_hand: Client, begun: SpoolFile) -> None:
    SpoolFile.objects.update(state="stuck", step=Step.WRITING, problem="The upload broke off.")
    page = words(files_hand.post(f"{PAGE}{begun.pk}/settle/", follow=True))
    assert "Say whether Engage has it." in page
    assert SpoolFile.objects.get().state == SpoolFile.State.STUCK


def test_a_download_is_for_few_and_is_remembered(begun: SpoolFile, settings: Any) -> None:
    dora = signed_in(building.staff("dora", "view_item", "download_spoolfile"))
    answer = dora.post(f"{PAGE}{begun.pk}/download/")
    assert b"101-1" in b"".join(answer.streaming_content)
    assert "no-store" in answer.headers["Cache-Control"]
    assert begun.name in answer.headers["Content-Disposition"]
    assert list(begun.events.filter(what="downloaded").values_list("actor", flat=True)) == ["dora"]


def test_the_cost_of_the_page_does_not_grow_with_the_files(
    vera_at_work: Client, begun: SpoolFile, django_assert_max_num_queries: Any
) -> None:
    SpoolFile.objects.bulk_create(
        SpoolFile(file_type="contacts", group="g", name=f"{number}", state="writing") for number in range(60)
    )
    with django_assert_max_num_queries(30):
        vera_at_work.get(PAGE)


@pytest.mark.parametrize("part", ["files", "outage"])
def test_a_part_of_the_page_that_renews_itself_makes_no_plan(
    vera_at_work: Client, begun: SpoolFile, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    made: list[None] = []
    real = files.plan
    monkeypatch.setattr(files, "plan", lambda: made.append(None) or real())
    whole = vera_at_work.get(PAGE).text
    assert f'id="{part}"' in whole
    assert len(made) == 1

    again = vera_at_work.get(PAGE, headers={"hx-request": "true", "hx-target": part})

    assert f"File {begun.pk}" in words(again)
    assert f'id="{part}"' in again.text
    assert len(made) == 1


def test_the_dashboard_says_which_file_does_not_go_on(vera_at_work: Client, begun: SpoolFile) -> None:
    assert "does not go on" not in words(vera_at_work.get("/staff/"))
    SpoolFile.objects.update(problem="The dropbox has no such folder.")
    assert f"File {begun.pk} for Engage does not go on. The dropbox has no such folder." in words(
        vera_at_work.get("/staff/")
    )


def test_files_that_are_on_their_way_are_counted_for_prometheus(begun: SpoolFile, settings: Any) -> None:
    settings.METRICS_TOKEN = "t0ken-of-the-tests"
    SpoolFile.objects.create(file_type="contacts", group="g", state="withdrawn", ended_at=begun.made_at)
    told = Client(headers={"authorization": "Bearer t0ken-of-the-tests"}).get("/metrics").text
    assert 'engage_portal_spool_files{state="ready"} 1.0' in told
    assert 'engage_portal_spool_files{state="stuck"} 0.0' in told
    assert "withdrawn" not in told
