"""A file is put into the dropbox whole and once, under a name that is nobody else's."""

import os

import pytest

from engage_portal.fallback.dropbox import (
    Delivered,
    DropboxError,
    FateUnknownError,
    Step,
    Trouble,
    discard,
    opened,
    still_there,
)
from tests.fallback.boxes import CONTENT, FOLDER, NAME, PART


def test_a_file_lies_there_whole_under_its_name_alone(dropbox):
    assert dropbox.deliver() is Delivered.UPLOADED
    assert dropbox.lies_there() == {NAME: CONTENT}
    assert dropbox.steps == [Step.RENAMING, Step.DONE]


def test_before_the_rename_it_has_a_name_that_is_no_xml_file_s(dropbox):
    seen = []
    dropbox.deliver(before=lambda step: seen.append((step, *dropbox.lies_there())))
    assert seen == [(Step.RENAMING, PART), (Step.DONE, NAME)]


def test_progress_is_told_up_to_the_last_byte(dropbox):
    told = []
    dropbox.deliver(progress=told.append)
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == len(CONTENT)


def test_progress_is_told_of_what_has_arrived_alone(dropbox):
    """Whoever hears of it holds on to the file: nothing may be left to wait for that nobody hears of."""
    arrived = []
    dropbox.deliver(progress=lambda sent: arrived.append((dropbox.folder / PART).stat().st_size - sent))
    assert arrived
    assert min(arrived) >= 0


def test_what_is_done_is_not_sent_again(dropbox):
    dropbox.deliver()
    dropbox.pick_up()
    assert dropbox.deliver() is Delivered.UPLOADED
    assert dropbox.lies_there() == {}


def test_a_left_temporary_file_is_written_anew(dropbox):
    (dropbox.folder / PART).write_bytes(b"?" * (len(CONTENT) + 5))
    assert dropbox.deliver() is Delivered.UPLOADED
    assert dropbox.lies_there() == {NAME: CONTENT}


def test_a_temporary_file_that_lost_bytes_after_its_step_is_written_anew(dropbox):
    (dropbox.folder / PART).write_bytes(CONTENT[:100])
    dropbox.step = Step.RENAMING
    assert dropbox.deliver() is Delivered.UPLOADED
    assert dropbox.lies_there() == {NAME: CONTENT}
    assert dropbox.steps == [Step.NOT_BEGUN, Step.RENAMING, Step.DONE]


def test_a_whole_temporary_file_is_only_renamed(dropbox):
    (dropbox.folder / PART).write_bytes(CONTENT)
    dropbox.step = Step.RENAMING
    told = []
    assert dropbox.deliver(progress=told.append) is Delivered.UPLOADED
    assert told == []
    assert dropbox.lies_there() == {NAME: CONTENT}


def test_what_is_gone_without_a_rename_that_was_seen_is_not_known_to_be_picked_up(dropbox):
    """Somebody who tidies up may have deleted it before it had its name."""
    dropbox.step = Step.RENAMING
    with pytest.raises(FateUnknownError):
        dropbox.deliver()
    assert dropbox.lies_there() == {}
    assert dropbox.step is Step.RENAMING


def test_a_folder_that_is_gone_does_not_look_like_a_file_that_was_picked_up(dropbox):
    dropbox.step = Step.RENAMING
    dropbox.folder.rmdir()
    with pytest.raises(DropboxError) as found:
        dropbox.deliver()
    assert found.value.trouble is Trouble.NO_FOLDER
    assert dropbox.steps == []


def test_what_lies_there_already_is_found_and_cleaned_up_behind(dropbox):
    (dropbox.folder / NAME).write_bytes(CONTENT)
    (dropbox.folder / PART).write_bytes(CONTENT[:9])
    assert dropbox.deliver() is Delivered.FOUND
    assert dropbox.lies_there() == {NAME: CONTENT}
    assert dropbox.step is Step.DONE


@pytest.mark.parametrize("step", [Step.NOT_BEGUN, Step.RENAMING])
def test_another_file_of_the_name_is_left_alone(dropbox, step):
    (dropbox.folder / NAME).write_bytes(b"somebody else's")
    dropbox.step = step
    with pytest.raises(DropboxError, match="another file of this name") as found:
        dropbox.deliver()
    assert found.value.trouble is Trouble.NAME_TAKEN
    assert dropbox.lies_there() == {NAME: b"somebody else's"}


def test_another_file_that_appears_at_the_last_moment_is_left_alone_too(dropbox):
    def appear(step):
        if step is Step.RENAMING:
            (dropbox.folder / NAME).write_bytes(b"somebody else's")

    with pytest.raises(DropboxError) as found:
        dropbox.deliver(after=appear)
    assert found.value.trouble is Trouble.NAME_TAKEN
    assert dropbox.lies_there() == {NAME: b"somebody else's"}
    assert dropbox.step is Step.NOT_BEGUN


def test_a_folder_that_is_missing_is_told(dropbox):
    dropbox.folder.rmdir()
    with pytest.raises(DropboxError, match="does not have the folder") as found:
        dropbox.deliver()
    assert found.value.trouble is Trouble.NO_FOLDER
    assert dropbox.step is Step.NOT_BEGUN


def test_the_missing_part_of_a_step_that_cannot_be_kept_is_no_delivery(dropbox):
    def fail(step):
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        dropbox.deliver(before=fail)
    assert set(dropbox.lies_there()) == {PART}
    assert dropbox.deliver() is Delivered.UPLOADED


def test_who_is_told_of_progress_may_end_it(dropbox):
    def stop(_sent):
        raise InterruptedError("told to stop")

    with pytest.raises(InterruptedError):
        dropbox.deliver(progress=stop)
    assert NAME not in dropbox.lies_there()
    with opened() as box:
        discard(box, folder=FOLDER, name=NAME)
        discard(box, folder=FOLDER, name=NAME)
    assert dropbox.lies_there() == {}


def test_what_was_not_picked_up_can_be_watched(dropbox):
    dropbox.deliver()
    (dropbox.folder / "other.xml").write_bytes(b"x")
    with opened() as box:
        assert still_there(box, FOLDER, [NAME, "gone.xml"]) == {NAME}
        dropbox.pick_up()
        assert still_there(box, FOLDER, [NAME, "gone.xml"]) == set()


def test_folders_are_no_files(dropbox):
    (dropbox.folder / "archive").mkdir()
    dropbox.deliver()
    with opened() as box:
        assert [(file.name, file.size) for file in box.files(FOLDER)] == [(NAME, len(CONTENT))]


def test_a_file_comes_back_byte_for_byte(dropbox):
    dropbox.deliver()
    with opened() as box:
        (file,) = box.files(FOLDER)
        assert b"".join(box.pieces(FOLDER, file)) == CONTENT


def test_a_file_that_is_still_being_written_is_not_taken(dropbox):
    dropbox.deliver()
    with opened() as box:
        (file,) = box.files(FOLDER)
        (dropbox.folder / NAME).write_bytes(CONTENT + b"more")
        with pytest.raises(DropboxError) as found:
            list(box.pieces(FOLDER, file))
        assert found.value.trouble is Trouble.CHANGED


def test_without_a_dropbox_that_is_said(settings):
    settings.SFTP_URL = settings.DROPBOX_FOLDER = ""
    with pytest.raises(DropboxError, match="set SFTP_URL or DROPBOX_FOLDER") as found, opened():
        pass
    assert found.value.trouble is Trouble.NOT_CONFIGURED


def test_a_file_that_lost_bytes_on_the_way_does_not_get_its_name(dropbox):
    """Its last byte is told, and then some are missing there: a share whose other end was full, say."""

    def lose(sent):
        if sent == len(CONTENT):
            os.truncate(dropbox.folder / PART, 1000)

    with pytest.raises(DropboxError) as found:
        dropbox.deliver(progress=lose)
    assert found.value.trouble is Trouble.INCOMPLETE
    assert set(dropbox.lies_there()) == {PART}
    assert dropbox.steps == []
    assert dropbox.deliver() is Delivered.UPLOADED
    assert dropbox.lies_there() == {NAME: CONTENT}


def test_writing_a_name_that_exists_is_refused(dropbox):
    (dropbox.folder / NAME).write_bytes(b"somebody else's")
    with opened() as box, pytest.raises(DropboxError) as found:
        box.put(FOLDER, NAME, dropbox.local)
    assert found.value.trouble is Trouble.NAME_TAKEN
    assert dropbox.lies_there() == {NAME: b"somebody else's"}
