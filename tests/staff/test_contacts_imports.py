"""Imports: what came in, what became of it, and sending more. The reading itself has its own tests."""

from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from contacts.models import ExportFile
from engage_portal.core import clock
from engage_portal.staff import uploads
from tests.staff.people_at_work import at_work, exported

pytestmark = pytest.mark.django_db
IMPORTS = "/staff/contacts/imports/"


class RefusedError(Exception):
    """As the import refuses a file."""


@pytest.fixture
def ines(db):
    """Staff who may import."""
    return at_work("ines", "import_contacts")


@pytest.fixture
def importing(monkeypatch):
    """The import, as the screens know it."""
    woken = []

    def take_upload(name, chunks, by, *, is_complete=False):
        content = b"".join(chunks)
        if name.startswith("bad"):
            raise RefusedError("This is no file name such as 20260412100003_0_members.xml.")
        if name.startswith("full"):
            raise OSError
        known = ExportFile.objects.filter(digest=content.decode()).first()
        return known or ExportFile.objects.create(
            name=name, digest=content.decode(), size=len(content), origin="upload", made_at=clock.now(),
            added_by=by, is_complete=is_complete,
        )  # fmt: skip

    module = SimpleNamespace(take_upload=take_upload, ImportRefusedError=RefusedError)
    monkeypatch.setattr(uploads, "import_module", lambda name: {"contacts.importing": module}[name])
    monkeypatch.setattr(uploads, "async_task", lambda name, **_: woken.append(name))
    return woken


def a_file(name: str, content: bytes = b"<contacts/>") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/xml")


def test_nothing_yet_says_what_to_do(ines):
    assert "No export has come in yet." in ines.get(IMPORTS).text


def test_several_files_are_taken_in_at_once_and_a_worker_is_woken(ines, importing):
    files = [a_file("20261121021502_0_m.xml", b"a"), a_file("20261121021502_1_m.XML", b"b")]
    page = ines.post(f"{IMPORTS}upload/", {"exports": files, "is_complete": "on"}, follow=True).text
    assert "2 files taken in." in page
    assert list(ExportFile.objects.values_list("added_by", "is_complete")) == [("ines", True)] * 2
    assert importing == ["contacts.tasks.read_exports"]


def test_the_same_content_again_is_said_so_and_wakes_nobody(ines, importing):
    for _ in range(2):
        page = ines.post(f"{IMPORTS}upload/", {"exports": [a_file("a.xml")]}, follow=True).text
    assert "this content came in before" in page
    assert ExportFile.objects.count() == 1
    assert len(importing) == 1


def test_each_file_is_refused_by_itself(ines, importing):
    files = [a_file("bad.xml", b"1"), a_file("good.xml", b"2"), a_file("full.xml", b"3")]
    page = ines.post(f"{IMPORTS}upload/", {"exports": files}, follow=True).text
    assert "bad.xml: This is no file name" in page
    assert "full.xml: there was no room to keep it." in page
    assert "1 file taken in." in page
    assert [file.name for file in ExportFile.objects.all()] == ["good.xml"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "Please choose at least one file."),
        ([a_file("members.csv")], "members.csv is no XML file."),
        ([a_file("20261121021502_0_m.xml", b"")], "A file is empty."),
    ],
)
def test_what_is_no_export_is_refused_at_the_field(ines, importing, files, said):
    page = ines.post(f"{IMPORTS}upload/", {"exports": files}).text
    assert said in page
    assert not ExportFile.objects.exists()
    assert importing == []


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
