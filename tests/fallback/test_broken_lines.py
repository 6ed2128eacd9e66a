"""Wherever the line is cut or the server killed: tried again, there is one whole file, and never a second one."""

import pytest

from engage_portal.fallback.dropbox import Delivered, DropboxError, FateUnknownError, Step, Trouble, opened
from tests.fallback.boxes import CONTENT, FOLDER, NAME, PART, needs_sshd
from tests.fallback.proxy import line_to
from tests.flows.running import until

pytestmark = needs_sshd


@pytest.fixture
def line(sftp, started, settings):
    """The line between `sftp` and its server."""
    with line_to(started.port) as found:
        settings.SFTP_URL = started.url_at(found.port)
        yield found


@pytest.fixture(params=["line", "server"])
def breaks(request, line, started):
    """Breaks it, for good or until the server is up again."""
    yield line.cut if request.param == "line" else started.kill
    mend(started)


def mend(started) -> None:
    if started.process is None:
        started.start()


def fails_unreachable(sftp, **hooks) -> None:
    with pytest.raises(DropboxError, match="simply be tried again") as found:
        sftp.deliver(**hooks)
    assert found.value.trouble is Trouble.UNREACHABLE


def at(step, action):
    return lambda now: action() if now is step else None


def test_a_server_that_is_away_is_told_and_nothing_has_begun(sftp, started):
    started.kill()
    try:
        fails_unreachable(sftp)
    finally:
        started.start()
    assert sftp.steps == []
    assert sftp.deliver() is Delivered.UPLOADED
    assert sftp.lies_there() == {NAME: CONTENT}


def test_in_the_middle_of_the_file(sftp, started, breaks):
    fails_unreachable(sftp, progress=lambda sent: breaks() if sent > len(CONTENT) / 2 else None)
    assert sftp.step is Step.NOT_BEGUN
    assert NAME not in sftp.lies_there()
    mend(started)
    assert sftp.deliver() is Delivered.UPLOADED
    assert sftp.lies_there() == {NAME: CONTENT}


def test_just_before_the_rename(sftp, started, breaks):
    fails_unreachable(sftp, after=at(Step.RENAMING, breaks))
    assert sftp.step is Step.RENAMING
    assert sftp.lies_there() == {PART: CONTENT}
    mend(started)
    told = []
    assert sftp.deliver(progress=told.append) is Delivered.UPLOADED
    assert told == [], "it was whole"
    assert sftp.lies_there() == {NAME: CONTENT}


def test_just_after_the_rename_when_the_file_waits_still(sftp, started, breaks):
    renamed_and_gone(sftp, breaks)
    mend(started)
    assert sftp.deliver() is Delivered.FOUND
    assert sftp.lies_there() == {NAME: CONTENT}


def test_just_after_the_rename_when_engage_was_quick(sftp, started, breaks):
    renamed_and_gone(sftp, breaks)
    sftp.pick_up()
    mend(started)
    fate_is_unknown(sftp)


def renamed_and_gone(sftp, breaks) -> None:
    """The last step is lost with the process that would have kept it."""

    def lose():
        breaks()
        raise SystemExit

    with pytest.raises(SystemExit):
        sftp.deliver(before=at(Step.DONE, lose))
    assert sftp.step is Step.RENAMING
    assert sftp.lies_there() == {NAME: CONTENT}


@pytest.mark.parametrize("is_quick", [False, True])
def test_a_rename_whose_answer_is_lost_is_not_done_again(sftp, line, is_quick):
    fails_unreachable(sftp, after=at(Step.RENAMING, line.cut_before_next_answer))
    assert sftp.step is Step.RENAMING
    until_renamed(sftp)
    if is_quick:
        sftp.pick_up()
        fate_is_unknown(sftp)
    else:
        assert sftp.deliver() is Delivered.FOUND
        assert sftp.lies_there() == {NAME: CONTENT}


def fate_is_unknown(sftp) -> None:
    """Whoever knows what is in the file decides whether it goes again; here it does not."""
    with pytest.raises(FateUnknownError):
        sftp.deliver()
    assert sftp.lies_there() == {}, "sent twice"


def until_renamed(sftp) -> None:
    until(lambda: set(sftp.lies_there()) == {NAME}, what="the server to rename")


def test_during_the_listing(sftp, line, started, breaks):
    for number in range(500):
        (sftp.folder / f"{number:0200}.xml").write_bytes(b"")
    with opened() as box:
        line.cut_at_answered = line.answered + 20_000
        with pytest.raises(DropboxError) as found:
            box.files(FOLDER)
        assert found.value.trouble is Trouble.UNREACHABLE
    assert line.cuts == 1
    with opened() as box:
        breaks()
        with pytest.raises(DropboxError) as found:
            box.files(FOLDER)
        assert found.value.trouble is Trouble.UNREACHABLE
    mend(started)
    with opened() as box:
        assert len(box.files(FOLDER)) == 500


@pytest.mark.parametrize("is_picked_up", [False, True])
def test_wherever_it_is_cut_and_as_often_there_is_one_file(sftp, line, is_picked_up):
    """Each try comes a little further: through the handshake, the login, the file and the rename.

    What was taken before anybody saw the rename is not known to be, and is not sent again by itself.
    """
    taken, tries, troubles = [], 0, set()
    distance, gap = 300, len(CONTENT) // 6
    while sftp.step is not Step.DONE:
        line.cut_at_sent = line.sent + distance
        distance += 700 if distance < 6000 else gap
        tries += 1
        try:
            sftp.deliver()
        except DropboxError as error:
            troubles.add(error.trouble)
        except FateUnknownError:
            assert taken
            break
        if is_picked_up and NAME in sftp.lies_there():
            taken.append(sftp.lies_there()[NAME])
            sftp.pick_up()
    assert troubles == {Trouble.UNREACHABLE}
    assert tries > 8
    assert line.cuts >= tries - 1
    assert [*taken, *sftp.lies_there().values()] == [CONTENT]
    assert PART not in sftp.lies_there()


def test_a_download_that_is_cut_is_no_file(sftp, line):
    sftp.deliver()
    with opened() as box:
        (file,) = box.files(FOLDER)
        line.cut_at_answered = line.answered + len(CONTENT) // 2
        with pytest.raises(DropboxError) as found:
            list(box.pieces(FOLDER, file))
        assert found.value.trouble is Trouble.UNREACHABLE
    with opened() as box:
        assert b"".join(box.pieces(FOLDER, file)) == CONTENT
