"""What lies in the dropbox is fetched once, in any folder that exports have, also where it was replaced."""

import os
from pathlib import Path

import pytest

from contacts.importing.remote import take_remote
from contacts.models import ExportFile
from engage_portal.sandbox.exports import person
from tests.contacts.importing.exporting import export, read, taken
from tests.engage_xml.layouts import Layout
from tests.promotions.importing.exporting import new

pytestmark = pytest.mark.django_db
NAME = "20260412100003_0_members.xml"


@pytest.fixture
def box(settings, tmp_path) -> Path:
    found = tmp_path / "dropbox"
    found.mkdir()
    settings.SFTP_URL, settings.DROPBOX_FOLDER = "", str(found)
    return found


def put(path: Path, content: bytes, *, at: int) -> None:
    path.write_bytes(content)
    os.utime(path, (at, at))


def looked() -> list[str]:
    """The names of what two looks fetched: the first one only sees that nothing grows."""
    take_remote()
    return [file.name for file in take_remote()]


def test_a_file_that_was_replaced_under_its_name_and_size_is_fetched_again(box):
    content = export(new=[person(1, city="Aaaa")])
    put(box / NAME, content, at=1_770_000_000)
    assert looked() == [NAME]
    assert looked() == []
    put(box / NAME, content.replace(b"Aaaa", b"Bbbb"), at=1_770_000_060)
    assert looked() == [NAME]
    assert looked() == []
    assert ExportFile.objects.count() == 2


def test_a_plain_folder_is_not_called_sftp(box):
    put(box / NAME, export(new=[person(1)]), at=1_770_000_000)
    looked()
    file = ExportFile.objects.get()
    assert (file.get_origin_display(), file.added_by) == ("Dropbox folder", "dropbox")


def test_a_replaced_file_is_not_deleted_before_it_was_read(box, settings):
    settings.SFTP_DELETE = True
    put(box / NAME, export(), at=1_770_000_000)
    looked()
    read(ExportFile.objects.get())
    put(box / NAME, (box / NAME).read_bytes().replace(b"contacts", b"contakts"), at=1_770_000_060)
    looked()
    looked()
    assert (box / NAME).exists()


def test_a_file_that_was_only_touched_or_came_otherwise_is_fetched_no_more_than_once(box):
    content = export(new=[person(1)])
    taken(content, name="upload.xml")
    for at in (1_770_000_000, 1_770_000_060):
        put(box / NAME, content, at=at)
        assert len(looked()) == 1
        assert looked() == []
    assert ExportFile.objects.get().name == NAME


def test_each_kind_may_have_its_folder_and_promotions_any_name(box, settings, tmp_path):
    profile = tmp_path / "profile.toml"
    profile.write_text(
        '[contacts_export]\nfolder = "integration/people"\n[promotions_export]\nfolder = "integration/offers"\n'
    )
    settings.ENGAGE_FILE_PROFILE = str(profile)
    for name in ("integration/people", "integration/offers"):
        (box / name).mkdir(parents=True)
    put(box / "integration/people" / NAME, export(), at=1_770_000_000)
    put(box / "integration/offers/Offers.xml", Layout().write([new()]).encode(), at=1_770_000_000)
    put(box / "integration/offers/readme.txt", b"x", at=1_770_000_000)
    assert sorted(looked()) == [NAME, "Offers.xml"]
    offers = ExportFile.objects.get(kind="promotions")
    assert offers.made_at.timestamp() == 1_770_000_000, "its name tells no time"
