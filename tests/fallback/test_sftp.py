"""Exports are fetched from a real OpenSSH server, whose key is pinned."""

import pytest

from contacts.importing import intake, read_next
from contacts.importing.remote import take_remote
from contacts.models import Contact, ExportFile
from engage_portal.fallback.dropbox import DropboxError, Trouble, opened
from engage_portal.fallback.dropbox.host_keys import host_key
from engage_portal.sandbox.exports import person
from tests.contacts.importing.exporting import export
from tests.fallback import server as ssh
from tests.fallback.boxes import needs_sshd
from tests.fallback.conftest import use

pytestmark = [pytest.mark.django_db, *needs_sshd]


@pytest.fixture
def server(started, settings, tmp_path):
    use(started, settings)
    settings.ENGAGE_EXPORT_SPOOL = str(tmp_path / "spool")
    return started


def put(server, name: str, number: int) -> None:
    (server.folder / name).write_bytes(export(new=[person(number)]))


def names() -> list[str]:
    return list(ExportFile.objects.order_by("added_at").values_list("name", flat=True))


def read_all() -> None:
    while read_next() is not None:
        pass


def test_files_are_taken_in_order_once_they_no_longer_grow(server):
    put(server, "20260412100004_1_members.xml", 2)
    put(server, "20260412100003_0_members.xml", 1)
    (server.folder / "readme.txt").write_text("no export")
    assert take_remote() == []
    put(server, "20260412100005_2_members.xml", 3)
    take_remote()
    assert names() == ["20260412100003_0_members.xml", "20260412100004_1_members.xml"]
    take_remote()
    assert names()[2:] == ["20260412100005_2_members.xml"]
    assert {file.origin for file in ExportFile.objects.all()} == {"sftp"}
    read_all()
    assert Contact.objects.count() == 3
    assert list(intake.spool_folder().iterdir()) == []


def test_each_file_is_fetched_once_and_stays_where_it_is(server):
    put(server, "20260412100003_0_members.xml", 1)
    for _ in range(2):
        take_remote()
    read_all()
    assert take_remote() == []
    assert ExportFile.objects.count() == 1
    assert len(list(server.folder.iterdir())) == 1


def test_what_was_read_is_deleted_there_where_that_is_wanted(server, settings):
    settings.SFTP_DELETE = True
    put(server, "20260412100003_0_members.xml", 1)
    for _ in range(3):
        take_remote()
    assert len(list(server.folder.iterdir())) == 1, "it is not read yet"
    read_all()
    take_remote()
    assert list(server.folder.iterdir()) == []


def test_another_host_key_is_refused_before_anything_is_sent(server, settings, tmp_path, caplog):
    settings.SFTP_HOST_KEY = ssh.key_pair(tmp_path / "another")
    with pytest.raises(DropboxError, match="another host key"), opened():
        pass
    assert take_remote() == []


def test_another_user_key_is_refused(server, settings, tmp_path):
    ssh.key_pair(tmp_path / "stranger")
    settings.SFTP_KEY_FILE = str(tmp_path / "stranger")
    with (
        pytest.raises(DropboxError, match=f"refuses the login of user {server.user}: check SFTP_URL"),
        opened(),
    ):
        pass


def test_a_folder_that_is_not_there_is_told_in_a_sentence(server, settings):
    settings.SFTP_URL = f"{server.url}/nowhere"
    with (
        pytest.raises(
            DropboxError, match=f"127.0.0.1:{server.port} does not have the folder .*/nowhere: check"
        ),
        opened() as there,
    ):
        there.files("")


def test_a_server_that_is_away_is_no_error_of_the_task(server, settings):
    settings.SFTP_URL = "sftp://user@127.0.0.1:1/x"
    assert take_remote() == []


def test_keys_of_the_machine_are_never_tried(server, settings, monkeypatch, tmp_path):
    """Whoever runs the portal may have keys and an agent; they are not the portal's."""
    settings.SFTP_KEY_FILE = ""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    for name in ("id_ed25519",):
        (tmp_path / ".ssh" / name).write_bytes(server.key_file.read_bytes())
    with pytest.raises(DropboxError) as found, opened():
        pass
    assert found.value.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 ????", "nonsense AAAA", "ssh-ed25519 AAAA"])
def test_what_is_no_host_key_is_refused(text):
    with pytest.raises(ValueError, match="no public key"):
        host_key(text)
