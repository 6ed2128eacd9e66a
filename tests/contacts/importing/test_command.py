"""`manage.py contacts import`: for people and for scripts, and it goes on after kill -9."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from contacts.models import Contact, ExportFile
from engage_portal.sandbox import exports
from engage_portal.sandbox.exports import person
from tests.contacts.importing.exporting import MAJA, by_engage_id, export
from tests.contacts_commands.running import contacts
from tests.flows.running import until
from tests.outbox_commands.running import ROOT, environment


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "exports"
    found.mkdir()
    (found / "20260412100004_1_members.xml").write_bytes(export(updated=[person(1, city="Later")]))
    (found / "20260412100003_0_members.xml").write_bytes(export(new=[person(1), person(2)]))
    return found


@pytest.mark.django_db
def test_a_folder_is_read_in_order_and_the_files_stay(folder):
    said = contacts("import", folder)
    assert (said.code, said.err) == (0, "")
    assert said.rows == [
        ["File", "State", "Records", "New", "Changed", "Unchanged", "Deleted", "Skipped"],
        ["20260412100003_0_members.xml", "Read", "2", "2", "0", "0", "0", "0"],
        ["20260412100004_1_members.xml", "Read", "1", "0", "1", "0", "0", "0"],
    ]
    assert by_engage_id(MAJA).snapshot["city"] == "Later"
    assert len(list(folder.iterdir())) == 2


@pytest.mark.django_db
def test_a_file_that_was_read_before_says_so(folder):
    contacts("import", folder)
    said = contacts("import", folder, "--json")
    assert [file["wasKnown"] for file in said.document["files"]] == [True, True]
    assert "this content was read before, and not again" in contacts("import", folder).out


@pytest.mark.django_db
def test_a_file_that_is_no_xml_is_refused_and_not_kept(folder):
    stray = folder / "people.csv"
    stray.write_text("a;b")
    said = contacts("import", stray)
    assert (said.code, said.err) == (2, "people.csv is no XML file.")
    assert not ExportFile.objects.exists()


@pytest.mark.django_db
def test_json_is_one_document_without_anything_personal(folder):
    said = contacts("import", folder, "--json", "--complete")
    first, second = said.document["files"]
    assert (said.code, said.document["message"]) == (0, "")
    assert (first["state"], first["total"], first["new"], first["missing"]) == ("done", 2, 2, None)
    assert second["missing"] == {"count": 0, "ids": []}
    for secret in ("person1", "Alva", "+4670"):
        assert secret not in said.out


@pytest.mark.django_db
def test_the_same_files_again_are_not_read_again(folder):
    contacts("import", folder)
    again = contacts("import", folder, "--json")
    assert again.code == 0
    assert ExportFile.objects.count() == 2


@pytest.mark.django_db
def test_a_rejected_file_ends_with_one_and_what_is_behind_it_waits(folder):
    (folder / "20260412100003_0_members.xml").write_bytes(b"<contacts>")
    said = contacts("import", folder)
    assert said.code == 1
    assert "20260412100003_0_members.xml was rejected: It is not well-formed XML" in said.err
    assert "1 file waits behind it" in said.err
    assert Contact.objects.count() == 0
    passed = contacts("import", folder, "--pass-rejected")
    assert passed.code == 1
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_below_level_three_it_refuses_in_a_sentence(folder, settings):
    settings.ENGAGE_LEVEL = 2
    said = contacts("import", folder)
    assert (said.code, said.err) == (
        1, "ENGAGE_LEVEL is 2: only levels 3 and 4 keep a local copy of contacts."
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [[], ["/nowhere/at/all"]])
def test_bad_usage_ends_with_two_or_words(arguments):
    said = contacts("import", *arguments)
    assert said.code in {1, 2}
    assert said.err


def test_help_has_an_example():
    done = subprocess.run(
        [sys.executable, "manage.py", "contacts", "import", "--help"],
        cwd=ROOT, env=environment(Path("/tmp/none.sqlite3"), "http://127.0.0.1:1"),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "example:\n  manage.py contacts import" in done.stdout


@pytest.mark.processes
@pytest.mark.skipif(connection.vendor != "sqlite", reason="one database file of its own is enough")
def test_kill_nine_at_any_moment_and_the_same_command_ends_with_everybody_once(tmp_path):
    database, file = tmp_path / "db.sqlite3", tmp_path / "20260412100003_0_members.xml"
    with file.open("w", encoding="utf-8") as out:
        exports.write(out, new=exports.people(12_000))
    env = environment(database, "http://127.0.0.1:1")
    command = [sys.executable, "manage.py", "contacts", "import", str(file), "--json"]
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)

    def known() -> int:
        with sqlite3.connect(database) as db:
            return db.execute("SELECT count(*) FROM contacts_contact").fetchone()[0]

    for target in (1, 5_000):
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda wanted=target: known() >= wanted, what="some contacts")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert known() % 1000 == 0
        with sqlite3.connect(database) as db:  # nobody waits for the lease of the dead in a test
            db.execute("UPDATE contacts_exportfile SET lease_until = '2020-01-01 00:00:00'")
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    (report,) = json.loads(done.stdout)["files"]
    assert (report["state"], report["new"], known()) == ("done", 12_000, 12_000)
