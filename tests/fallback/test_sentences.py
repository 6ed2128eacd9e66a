"""Trouble with the dropbox names the server and the folder, so that whoever reads it knows where to look."""

import pytest

from engage_portal.fallback.dropbox import DropboxError, Trouble, Where
from engage_portal.fallback.dropbox.sftp import place

HERE = place("sftp://acme:hemligt@sftp.example.com/home/acme").where("contactImport/")
FOLDERS = {
    Trouble.NO_FOLDER, Trouble.NO_FILE, Trouble.NO_PERMISSION, Trouble.FULL, Trouble.RENAME_REFUSED,
    Trouble.NAME_TAKEN, Trouble.CHANGED, Trouble.INCOMPLETE,
}  # fmt: skip


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_is_one_sentence_with_what_it_is_about(trouble):
    sentence = str(DropboxError(trouble, HERE))
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert "hemligt" not in sentence
    assert ("home/acme/contactImport" in sentence) == (trouble in FOLDERS)
    if trouble not in {Trouble.NOT_CONFIGURED, Trouble.UNNAMED_FOLDER}:
        assert sentence.startswith("sftp.example.com ")


def test_a_refused_login_names_the_user():
    assert "the login of user acme:" in str(DropboxError(Trouble.REFUSED_LOGIN, HERE))


def test_another_port_is_named_and_so_is_the_folder_of_the_login():
    sentence = str(DropboxError(Trouble.NO_FOLDER, place("sftp://acme@sftp.example.com:2222").where()))
    assert sentence.startswith("sftp.example.com:2222 does not have the folder of the login:")


def test_a_long_or_odd_name_stays_one_short_line():
    sentence = str(DropboxError(Trouble.FULL, Where("x\ny", "a/" * 400 + "contactImport")))
    assert len(sentence) < 300
    assert "\n" not in sentence
    assert "contactImport:" in sentence
