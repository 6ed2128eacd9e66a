"""Imports: what came in, what became of it, and sending more. The reading itself has its own tests."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from contacts.importing import ImportRefusedError, tasks
from contacts.models import Contact, ExportFile
from engage_portal.core import clock
from engage_portal.sandbox import exports
from engage_portal.staff import uploads
from tests.staff.people_at_work import at_work, exported

pytestmark = pytest.mark.django_db
IMPORTS = "/staff/contacts/imports/"


@pytest.fixture
def ines(db):
    """Staff who may import."""
    return at_work("ines", "import_contacts")


@pytest.fixture
def woken(monkeypatch, settings, tmp_path) -> list[str]:
    """Whoever was woken to read; files are kept in a folder of the test's own."""
    settings.ENGAGE_EXPORT_SPOOL = str(tmp_path)
    calls: list[str] = []
    monkeypatch.setattr(tasks, "async_task", lambda name, **_: calls.append(name))
    return calls


@pytest.fixture(autouse=True)
def committed(monkeypatch) -> None:
    """What follows a commit follows at once: a test's own transaction never ends."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda call, **_: call())


def a_file(name: str, content: bytes = b"<contacts/>") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/xml")


def test_nothing_yet_says_what_to_do(ines):
    assert "No export has come in yet." in ines.get(IMPORTS).text


def test_several_files_are_taken_in_at_once_and_a_worker_is_woken(ines, woken):
    files = [a_file("20261121021502_0_m.xml", b"a"), a_file("20261121021502_1_m.XML", b"b")]
    page = ines.post(f"{IMPORTS}upload/", {"exports": files, "is_complete": "on"}, follow=True).text
    assert "2 files taken in." in page
    assert list(ExportFile.objects.values_list("added_by", "is_complete")) == [("ines", True)] * 2
    assert woken == ["contacts.tasks.read_exports"]


def test_the_same_content_again_is_said_so_and_wakes_nobody(ines, woken):
    for _ in range(2):
        page = ines.post(f"{IMPORTS}upload/", {"exports": [a_file("a.xml")]}, follow=True).text
    assert "this content came in before" in page
    assert ExportFile.objects.count() == 1
    assert len(woken) == 1


def test_each_file_is_refused_by_itself(ines, woken, monkeypatch):
    taking = uploads.take_upload

    def refuse_bad(name, *arguments, **more):
        if name == "bad.xml":
            raise ImportRefusedError("this cannot be read.")
        return taking(name, *arguments, **more)

    monkeypatch.setattr(uploads, "take_upload", refuse_bad)
    files = [a_file("20261121021502_0_m.xml", b"1"), a_file("bad.xml", b"2")]
    page = ines.post(f"{IMPORTS}upload/", {"exports": files}, follow=True).text
    assert "bad.xml: this cannot be read." in page
    assert "1 file taken in." in page
    assert [file.name for file in ExportFile.objects.all()] == ["20261121021502_0_m.xml"]


def test_a_full_disk_is_said_so(ines, woken, monkeypatch):
    def full(*_arguments, **_more):
        raise OSError

    monkeypatch.setattr(uploads, "take_upload", full)
    page = ines.post(f"{IMPORTS}upload/", {"exports": [a_file("a.xml")]}, follow=True).text
    assert "a.xml: there was no room to keep it." in page
    assert not ExportFile.objects.exists()


def test_below_level_3_there_is_no_copy_to_import_into(ines, woken, settings):
    settings.ENGAGE_LEVEL = 2
    page = ines.post(f"{IMPORTS}upload/", {"exports": [a_file("a.xml")]}, follow=True).text
    assert "level" in page
    assert not ExportFile.objects.exists()


def test_what_is_sent_is_read_into_the_copy(ines, woken):
    people = list(exports.people(3))
    file = io.StringIO()
    exports.write(file, new=people)
    content = file.getvalue().encode()
    ines.post(f"{IMPORTS}upload/", {"exports": [a_file("20261121021502_0_members.xml", content)]})
    tasks.read_exports()
    assert Contact.objects.count() == 3
    assert ">3</strong> new" in ines.get(IMPORTS).text


def test_a_rejected_file_is_read_again_or_passed_over(ines, woken):
    ines.post(f"{IMPORTS}upload/", {"exports": [a_file("20261121021502_0_members.xml", b"<contacts><new>")]})
    tasks.read_exports()
    (file,) = ExportFile.objects.all()
    assert file.state == "rejected"
    woken.clear()
    assert "read once more" in ines.post(f"{IMPORTS}{file.pk}/again/", follow=True).text
    assert woken == ["contacts.tasks.read_exports"]
    tasks.read_exports()
    assert "is passed over" in ines.post(f"{IMPORTS}{file.pk}/skip/", follow=True).text
    file.refresh_from_db()
    assert file.state == "passed"
    assert "Passed over" in ines.get(IMPORTS).text
    assert "not rejected any more" in ines.post(f"{IMPORTS}{file.pk}/skip/", follow=True).text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "Please choose at least one file."),
        ([a_file("members.csv")], "members.csv is no XML file."),
        ([a_file("20261121021502_0_m.xml", b"")], "A file is empty."),
    ],
)
def test_what_is_no_export_is_refused_at_the_field(ines, woken, files, said):
    page = ines.post(f"{IMPORTS}upload/", {"exports": files}).text
    assert said in page
    assert not ExportFile.objects.exists()
    assert woken == []


def test_each_file_shows_what_came_of_it(ines):
    exported(
        state="done", total=10, position=10, finished_at=clock.now(), is_complete=True,
        report={
            "new": 3, "changed": 1204, "unchanged": 0, "skipped": 2, "reasons": {"No key.": 2},
            "alarms": ["Many records lack every key."], "missing": {"count": 7, "ids": []},
        },
    )  # fmt: skip
    exported(state="rejected", problem="The file ends in the middle.")
    page = ines.get(IMPORTS).text
    for word in (
        ">3</strong> new", ">1,204</strong> changed", "No key.", "Many records lack every key.",
        "7 of the copy are not in it", "lists everybody", "The file ends in the middle.", "Rejected",
    ):  # fmt: skip
        assert word in page
    assert "unchanged" not in page.replace("not changed", "")


def test_only_while_something_moves_the_page_follows(ines):
    row = exported(state="running", total=1000, position=640)
    page = ines.get(IMPORTS).text
    assert '<progress value="640" max="1000"' in page
    assert 'hx-trigger="every 3s"' in page
    ExportFile.objects.filter(pk=row.pk).update(state="done")
    assert "hx-trigger" not in ines.get(IMPORTS).text


def test_the_page_follows_from_where_a_mistake_is_shown_too(ines, woken):
    exported(state="running", total=1000, position=640)
    page = ines.post(f"{IMPORTS}upload/", {}).text
    assert "Please choose at least one file." in page
    assert f'hx-get="{IMPORTS}?page=1"' in page
