"""Files come in once by content, are read in Engage's order, and a bad one changes nothing."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from contacts import tasks
from contacts.importing import (
    ImportRefusedError,
    in_the_way,
    intake,
    pass_over,
    read_next,
    take_upload,
    try_again,
)
from contacts.importing.folder import take_settled
from contacts.models import Contact, ExportFile
from engage_portal.core import clock
from engage_portal.sandbox.exports import person
from tests.contacts.importing.exporting import (
    MAJA,
    ago,
    by_engage_id,
    export,
    file_name,
    outcome,
    read,
    taken,
)

pytestmark = pytest.mark.django_db
State = ExportFile.State


def spooled() -> list[str]:
    return [path.name for path in intake.spool_folder().iterdir()]


def test_the_same_content_is_taken_once_whatever_it_is_called():
    content = export(new=[person(1)])
    first = taken(content, name="a.xml")
    assert taken(content, name="b.xml") == first
    read(first)
    assert taken(content, name="c.xml") == first
    assert ExportFile.objects.count() == 1


def test_an_upload_is_kept_for_its_owner_alone_and_deleted_once_it_is_read():
    file = taken(export(new=[person(1)]))
    assert oct(Path(file.path).stat().st_mode)[-3:] == "600"
    assert oct(intake.spool_folder().stat().st_mode)[-3:] == "700"
    read(file)
    assert spooled() == []


def test_an_upload_that_breaks_off_leaves_nothing():
    def pieces():
        yield b"<contacts>"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        take_upload("a.xml", pieces(), "Sam")
    assert spooled() == []
    assert not ExportFile.objects.exists()


@pytest.mark.parametrize(
    "name", ["", "../a.xml", "a/b.xml", ".hidden", "20261341100003_0_members.xml", "a\n.xml", "x" * 300]
)
def test_a_senseless_name_is_refused(name):
    with pytest.raises(ImportRefusedError):
        take_upload(name, [b"<contacts/>"], "Sam")
    assert spooled() == []


@pytest.mark.parametrize("level", [1, 2])
def test_without_a_copy_nothing_is_taken_or_read(settings, level):
    file = taken(export(new=[person(1)]))
    settings.ENGAGE_LEVEL = level
    with pytest.raises(ImportRefusedError, match="only levels 3 and 4"):
        taken(export(new=[person(2)]))
    with pytest.raises(ImportRefusedError, match="only levels 3 and 4"):
        read_next()
    file.refresh_from_db()
    assert (file.state, Contact.objects.count()) == (State.WAITING, 0)


def test_files_are_read_in_the_order_of_their_names():
    at = ago(hours=1)
    last = taken(export(updated=[person(1, city="C")]), made_at=at, number=10)
    second = taken(export(updated=[person(1, city="B")]), made_at=at, number=9)
    first = taken(export(new=[person(1, city="A")]), made_at=ago(hours=2))
    assert [read_next().pk for _ in range(3)] == [first.pk, second.pk, last.pk]
    assert read_next() is None
    assert by_engage_id(MAJA).snapshot["city"] == "C"


def test_a_name_counts_in_the_tenants_zone_and_never_in_the_future(settings):
    settings.TIME_ZONE = "Europe/Stockholm"
    file = taken(export(), name="20260412100003_0_members.xml")
    assert file.made_at.isoformat() == "2026-04-12T10:00:03+02:00"
    ahead = taken(export(), name="20990412100003_0_members.xml")
    assert ahead.made_at <= clock.now()


def test_a_missing_file_number_is_an_alarm_and_no_stop():
    reports = [
        read(taken(export(), made_at=ago(minutes=9 - n), number=number))
        for n, number in enumerate((0, 1, 3, 0))
    ]
    assert [len(report.alarms) for report in reports] == [0, 0, 1, 0]
    assert "missing between number 1" in reports[2].alarms[0]


BAD = [
    b"",
    b"no xml",
    b"<contacts><new><member>",
    b"<people/>",
    b"<!DOCTYPE contacts><contacts/>",
]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_changes_nothing_and_holds_up_those_after_it(bad):
    first = taken(bad, made_at=ago(hours=2))
    second = taken(export(new=[person(1)]), made_at=ago(hours=1))
    assert read_next() == first
    first.refresh_from_db()
    assert (first.state, bool(first.problem), first.report) == (State.REJECTED, True, {})
    assert read_next() is None
    assert in_the_way() == [first]
    assert Contact.objects.count() == 0
    assert pass_over(first.pk)
    assert not pass_over(first.pk)
    assert read_next() == second
    assert Contact.objects.count() == 1


def test_the_end_of_a_file_is_checked_before_its_beginning_is_used():
    content = export(new=[person(number) for number in range(1, 3000)]).replace(b"</contacts>", b"</contact>")
    file = taken(content)
    read_next()
    file.refresh_from_db()
    assert file.state == State.REJECTED
    assert "not well-formed" in file.problem
    assert Contact.objects.count() == 0


def test_a_rejected_file_can_be_tried_again_or_comes_again_corrected():
    bad = taken(b"<contacts>", name=file_name(ago(hours=1)))
    read_next()
    assert try_again(bad.pk)
    read_next()
    bad.refresh_from_db()
    assert bad.state == State.REJECTED
    good = taken(export(new=[person(1)]), name=bad.name)
    bad.refresh_from_db()
    assert bad.state == State.PASSED
    assert outcome(read(good)) == {"new": 1}
    assert spooled() == []


def test_a_file_that_is_gone_or_another_one_is_rejected():
    file = taken(export(new=[person(1)]))
    Path(file.path).write_bytes(Path(file.path).read_bytes() + b" ")
    read_next()
    file.refresh_from_db()
    assert "changed after it was taken in" in file.problem
    Path(file.path).unlink()
    try_again(file.pk)
    read_next()
    file.refresh_from_db()
    assert file.problem == "The file is gone."


def test_one_reader_at_a_time():
    taken(export(new=[person(1)]), made_at=ago(hours=2))
    taken(export(new=[person(2)]), made_at=ago(hours=1))
    others = []
    read_next(seen=lambda _file: others.append(read_next()))
    assert others
    assert set(others) == {None}


def test_a_reader_that_lost_its_lease_writes_nothing():
    file = taken(export(new=[person(number) for number in range(1, 2500)]))

    def another_reader(_seen):
        if Contact.objects.count() == 1000:
            ExportFile.objects.update(lease_until=clock.now() + timedelta(hours=1))

    read_next(seen=another_reader)
    file.refresh_from_db()
    assert (file.state, file.position, Contact.objects.count()) == (State.RUNNING, 1000, 1000)


def test_a_run_that_was_cut_off_goes_on_where_it_was():
    file = taken(export(new=[person(number) for number in range(1, 2501)]))

    class KilledError(BaseException):
        pass

    def kill(_seen):
        if Contact.objects.count() == 2000:
            raise KilledError

    with pytest.raises(KilledError):
        read_next(seen=kill)
    file.refresh_from_db()
    assert (file.state, file.position) == (State.RUNNING, 2000)
    assert read_next() is None, "its lease has not ended"
    ExportFile.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert outcome(read(file)) == {"new": 2500}


def test_a_slice_ends_after_a_piece_and_the_next_one_goes_on():
    file = taken(export(new=[person(number) for number in range(1, 2501)]))
    positions = []
    while read_next(is_over=lambda: True).state != State.DONE:
        file.refresh_from_db()
        positions.append(file.position)
    assert positions == [1000, 2000]
    assert Contact.objects.count() == 2500


def test_the_folder_is_taken_in_by_the_task_once_files_are_whole(settings, tmp_path):
    settings.ENGAGE_EXPORT_FOLDER = str(tmp_path / "in")
    (tmp_path / "in").mkdir()
    growing, whole = (
        tmp_path / "in/20260412100004_1_members.XML",
        tmp_path / "in/20260412100003_0_members.xml",
    )
    whole.write_bytes(export(new=[person(1)]))
    growing.write_bytes(b"<contacts>")
    (tmp_path / "in/other.txt").write_text("x")
    assert tasks.read_exports() == 0
    growing.write_bytes(export(new=[person(2)]))
    assert tasks.read_exports() == 1
    assert Contact.objects.count() == 1
    assert tasks.read_exports() == 1
    assert Contact.objects.count() == 2
    assert tasks.read_exports() == 0
    assert [file.origin for file in ExportFile.objects.all()] == ["folder", "folder"]
    assert whole.exists(), "the files are not ours to delete"


def test_nothing_after_an_unsettled_file_is_taken(settings, tmp_path):
    settings.ENGAGE_EXPORT_FOLDER = str(tmp_path)
    (tmp_path / "20260412100004_1_members.xml").write_bytes(export())
    take_settled()
    (tmp_path / "20260412100003_0_members.xml").write_bytes(export())
    assert take_settled() == []
    assert [file.number for file in take_settled()] == [0, 1]


def test_what_an_interruption_left_in_the_spool_goes_after_a_day():
    waiting = taken(export())
    orphan = intake.spool_folder() / "orphan.part"
    orphan.write_bytes(b"personal")
    for name in spooled():
        os.utime(intake.spool_folder() / name, (0, 0))
    assert intake.sweep_spool() == 1
    assert spooled() == [Path(waiting.path).name]


def test_a_file_that_was_overwritten_while_it_waited_holds_nobody_up(tmp_path):
    path = tmp_path / file_name(ago(hours=1))
    path.write_bytes(export(new=[person(1)]))
    old = intake.take_file(path, by="folder", origin=ExportFile.Origin.FOLDER)
    path.write_bytes(export(new=[person(1), person(2)]))
    new = intake.take_file(path, by="folder", origin=ExportFile.Origin.FOLDER)
    while read_next() is not None:
        pass
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (State.PASSED, State.DONE)
    assert Contact.objects.count() == 2
