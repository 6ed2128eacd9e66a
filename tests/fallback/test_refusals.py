"""A dropbox that refuses says why in one sentence, and nothing is left behind or lost."""

import errno
import os
import resource
import socket
import threading
from pathlib import Path

import pytest
from django.conf import settings

from engage_portal.fallback.dropbox import Delivered, DropboxError, FateUnknownError, Step, Trouble, opened
from tests.fallback import server as ssh
from tests.fallback.boxes import CONTENT, FOLDER, NAME, PART, needs_sshd
from tests.fallback.conftest import sender, use

KIBIBYTES = 512
"""Less than the file has."""


@pytest.fixture
def serving(tmp_path, settings):
    """Starts a server that refuses something, and gives somebody who delivers to it."""
    servers = []

    def start(**refusal):
        home = tmp_path / f"sshd{len(servers)}"
        home.mkdir()
        context = ssh.running(home, **refusal)
        servers.append(context)
        server = context.__enter__()
        use(server, settings)
        return sender(server.folder, home)

    yield start
    for context in servers:
        context.__exit__(None, None, None)


def refused(dropbox, **hooks) -> DropboxError:
    with pytest.raises(DropboxError) as found:
        dropbox.deliver(**hooks)
    sentence = str(found.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert NAME not in sentence
    assert FOLDER in sentence
    assert "127.0.0.1:" in sentence or not settings.SFTP_URL
    return found.value


class TestServer:
    pytestmark = needs_sshd

    def test_a_full_disk(self, serving):
        dropbox = serving(largest_file=KIBIBYTES)
        assert refused(dropbox).trouble is Trouble.FULL
        assert set(dropbox.lies_there()) == {PART}
        assert dropbox.step is Step.NOT_BEGUN

    def test_a_disk_that_is_full_at_the_very_last_bytes(self, serving):
        """Writes are not waited for one by one: the last ones are."""
        dropbox = serving(largest_file=len(CONTENT) // 1024)
        assert len(CONTENT) % 1024
        assert refused(dropbox).trouble is Trouble.FULL
        assert dropbox.step is Step.NOT_BEGUN

    def test_no_right_to_write(self, serving):
        dropbox = serving(sftp="internal-sftp -R")
        assert refused(dropbox).trouble is Trouble.NO_PERMISSION
        assert dropbox.lies_there() == {}

    def test_no_right_to_list(self, serving):
        serving(sftp="internal-sftp -P opendir")
        with opened() as box, pytest.raises(DropboxError) as found:
            box.files(FOLDER)
        assert found.value.trouble is Trouble.NO_PERMISSION

    def test_no_right_to_delete(self, serving):
        dropbox = serving(sftp="internal-sftp -P remove")
        (dropbox.folder / PART).write_bytes(b"old")
        assert refused(dropbox).trouble is Trouble.NO_PERMISSION
        assert dropbox.lies_there() == {PART: b"old"}

    def test_another_host_key(self, sftp, settings, tmp_path):
        settings.SFTP_HOST_KEY = ssh.key_pair(tmp_path / "another")
        assert refused_sentence_of_opening() is Trouble.HOST_KEY
        assert sftp.lies_there() == {}

    @pytest.mark.parametrize("line", ["", "nonsense", "ssh-ed25519 AAAA"])
    def test_no_host_key_lets_nobody_in(self, sftp, settings, line):
        settings.SFTP_HOST_KEY = line
        assert refused_sentence_of_opening() is Trouble.HOST_KEY

    def test_another_key_of_ours(self, sftp, settings, tmp_path):
        ssh.key_pair(tmp_path / "stranger")
        settings.SFTP_KEY_FILE = str(tmp_path / "stranger")
        assert refused_sentence_of_opening() is Trouble.REFUSED_LOGIN

    def test_something_that_is_no_ssh_server_is_told_without_a_traceback(self, settings, tmp_path, caplog):
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def hang_up():
                listener.accept()[0].close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            settings.SFTP_URL = f"sftp://user@127.0.0.1:{listener.getsockname()[1]}"
            settings.SFTP_HOST_KEY = ssh.key_pair(tmp_path / "host_key")
            assert refused_sentence_of_opening() is Trouble.UNREACHABLE
            thread.join()
        assert caplog.records == []


def refused_sentence_of_opening() -> Trouble:
    with pytest.raises(DropboxError) as found, opened():
        pass
    return found.value.trouble


class TestRenameRefused:
    """Such a server is used only where somebody allowed that."""

    pytestmark = needs_sshd

    @pytest.fixture
    def dropbox(self, serving):
        return serving(sftp="internal-sftp -P rename,posix-rename")

    def test_it_is_told_and_nothing_stays(self, dropbox):
        for _ in range(2):
            error = refused(dropbox)
            assert error.trouble is Trouble.RENAME_REFUSED
            assert dropbox.lies_there() == {}
            assert dropbox.step is Step.NOT_BEGUN
        assert "SFTP_DIRECT_UPLOAD" in str(error)

    def test_where_that_is_allowed_it_goes_directly(self, dropbox, settings):
        settings.SFTP_DIRECT_UPLOAD = True
        assert dropbox.deliver() is Delivered.UPLOADED
        assert dropbox.lies_there() == {NAME: CONTENT}
        assert dropbox.steps == [Step.RENAMING, Step.NOT_BEGUN, Step.WRITING, Step.DONE]

    def test_a_half_that_lies_there_still_is_written_anew(self, dropbox, settings):
        settings.SFTP_DIRECT_UPLOAD = True
        (dropbox.folder / NAME).write_bytes(CONTENT[:50_000])
        dropbox.step = Step.WRITING
        assert dropbox.deliver() is Delivered.UPLOADED
        assert dropbox.lies_there() == {NAME: CONTENT}

    def test_a_whole_one_that_lies_there_is_found(self, dropbox, settings):
        settings.SFTP_DIRECT_UPLOAD = True
        (dropbox.folder / NAME).write_bytes(CONTENT)
        dropbox.step = Step.WRITING
        assert dropbox.deliver() is Delivered.FOUND

    def test_one_that_is_given_up_does_not_lie_there_half(self, dropbox, settings):
        settings.SFTP_DIRECT_UPLOAD = True

        def give_up(_sent):
            if dropbox.step is Step.WRITING:
                raise DropboxError(Trouble.TOO_SLOW)

        with pytest.raises(DropboxError):
            dropbox.deliver(progress=give_up)
        assert dropbox.step is Step.NOT_BEGUN
        assert dropbox.lies_there() == {}

    def test_one_that_broke_off_and_is_gone_is_for_a_person(self, dropbox, settings):
        settings.SFTP_DIRECT_UPLOAD = True

        def take_half(sent):
            if dropbox.step is Step.WRITING:
                dropbox.pick_up()
                raise InterruptedError

        with pytest.raises(InterruptedError):
            dropbox.deliver(progress=take_half)
        for _ in range(2):
            with pytest.raises(FateUnknownError):
                dropbox.deliver()
            assert dropbox.step is Step.WRITING
            assert dropbox.lies_there() == {}

    def test_one_that_is_gone_at_once_is_for_a_person(self, dropbox, settings):
        """It may have been read while it was written."""
        settings.SFTP_DIRECT_UPLOAD = True

        def take(sent):
            if dropbox.step is Step.WRITING and sent == len(CONTENT):
                dropbox.pick_up()

        with pytest.raises(FateUnknownError):
            dropbox.deliver(progress=take)
        assert dropbox.step is Step.WRITING

    def test_a_lost_folder_is_no_lost_file(self, dropbox, settings):
        dropbox.step = Step.WRITING
        dropbox.folder.rmdir()
        assert refused(dropbox).trouble is Trouble.NO_FOLDER


class TestFolder:
    def test_a_full_disk(self, plain):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (KIBIBYTES * 1024, before[1]))
        try:
            assert refused(plain).trouble is Trouble.FULL
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert plain.step is Step.NOT_BEGUN
        assert plain.deliver() is Delivered.UPLOADED
        assert plain.lies_there() == {NAME: CONTENT}

    @pytest.mark.parametrize("number", ["EACCES", "EPERM", "EROFS"])
    def test_no_right_to_write(self, plain, monkeypatch, number):
        """Whoever runs the tests may do everything, so the system call is made to refuse."""

        def no(*_arguments):
            raise OSError(getattr(errno, number), "no", NAME)

        monkeypatch.setattr(os, "open", no)
        assert refused(plain).trouble is Trouble.NO_PERMISSION
        assert plain.lies_there() == {}

    def test_what_lies_there_is_for_its_owner_and_group_alone(self, plain):
        plain.deliver()
        assert (plain.folder / NAME).stat().st_mode & 0o007 == 0

    def test_a_share_that_is_not_mounted_is_told(self, plain, settings):
        settings.DROPBOX_FOLDER = str(Path(settings.DROPBOX_FOLDER) / "elsewhere")
        assert refused(plain).trouble is Trouble.NO_FOLDER
