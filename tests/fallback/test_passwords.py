"""Logging in with a password, in both ways in which servers ask for one."""

import shutil

import pytest

from engage_portal.fallback.dropbox import DropboxError, Trouble, opened
from tests.fallback import password_server
from tests.fallback.server import key_pair

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="NO SSH-KEYGEN: logging in with a password is not tested"
)


@pytest.fixture(params=["password", "questions"])
def tried(request, settings, tmp_path):
    """A server that the portal is connected to; who tried a password there."""
    settings.SFTP_HOST_KEY = key_pair(tmp_path / "host_key")
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "export.xml").write_bytes(b"12345")
    with password_server.running(
        tmp_path / "box", tmp_path / "host_key", only_questions=request.param == "questions"
    ) as (port, tried):
        settings.SFTP_URL = f"sftp://{password_server.USER}@127.0.0.1:{port}"
        settings.SFTP_PASSWORD, settings.SFTP_KEY_FILE = password_server.PASSWORD, ""
        yield tried


def test_the_right_one_opens(tried):
    with opened() as box:
        assert [(file.name, file.size) for file in box.files("")] == [("export.xml", 5)]


def test_a_wrong_one_is_refused_and_not_repeated(tried, settings):
    settings.SFTP_PASSWORD = "fel"
    with (
        pytest.raises(
            DropboxError, match=f"127.0.0.1:[0-9]+ refuses the login of user {password_server.USER}:"
        ) as found,
        opened(),
    ):
        pass
    assert found.value.trouble is Trouble.REFUSED_LOGIN
    assert "fel" not in str(found.value)


def test_it_is_never_told_to_a_server_with_another_key(tried, settings, tmp_path):
    settings.SFTP_HOST_KEY = key_pair(tmp_path / "another")
    with pytest.raises(DropboxError) as found, opened():
        pass
    assert found.value.trouble is Trouble.HOST_KEY
    assert tried == []
