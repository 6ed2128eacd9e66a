"""When the jobs run, and what survives."""

import threading
from pathlib import Path

import pytest

from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.state import Settings
from tests.sandbox.files.documents import CONTACTS, CONTACTS_FILE, contacts, member
from tests.sandbox.payloads import client_for

ERIK = contacts(member(externalId="WEB-1", firstName="Erik"))
INTERVAL = 1_000_000


def _is_there(engage):
    return bool(engage.with_key("externalId", "WEB-1"))


def test_the_jobs_run_when_the_interval_is_over(send, engage, api):
    api.get("/state")
    path = send(CONTACTS, CONTACTS_FILE, ERIK)
    engage.advance(INTERVAL - 100)
    assert path.exists()
    engage.advance(100)
    assert not path.exists()
    assert _is_there(engage)
    assert len(api.get("/files").json()["exports"]) == 1


def test_they_run_although_nobody_asks_the_sandbox_for_anything(tmp_path):
    app = create_app(files=tmp_path, settings=Settings(file_interval=0))
    path = tmp_path / "integration" / CONTACTS / CONTACTS_FILE
    path.write_text(ERIK)
    came = threading.Event()
    app.engage.due_work.append(lambda engage: came.set() if not path.exists() else None)
    assert came.wait(60)
    assert _is_there(app.engage)
    app.close()


@pytest.mark.parametrize("mode", ["down", "hang", "500"])
def test_they_run_while_the_api_is_away(send, engage, api, mode):
    engage.faults.set(mode)
    send(CONTACTS, CONTACTS_FILE, ERIK)
    engage.advance(INTERVAL)
    engage.advance(INTERVAL)
    assert _is_there(engage)


def test_a_stopped_import_leaves_files_where_they_are(send, engage, api):
    assert api.post("/settings", json={"imports_run": False}).json()["imports_run"] is False
    path = send(CONTACTS, CONTACTS_FILE, ERIK)
    engage.advance(INTERVAL)
    engage.advance(INTERVAL)
    shown = api.get("/files").json()
    assert path.exists()
    assert not _is_there(engage)
    assert (shown["importsRun"], shown["waiting"]) == (False, [{"kind": "contacts", "name": CONTACTS_FILE}])
    api.post("/settings", json={"imports_run": True})
    engage.advance(INTERVAL)
    assert not path.exists()


def test_exports_are_written_while_the_import_is_stopped(engage, api):
    api.post("/settings", json={"imports_run": False})
    api.post("/api/v3/contacts", json={"email": "x@example.com"})
    engage.advance(INTERVAL)
    engage.advance(INTERVAL)
    assert len(api.get("/files").json()["exports"]) == 1


def test_a_stopped_import_can_still_be_run_by_hand(send, run, engage):
    engage.configure(imports_run=False)
    send(CONTACTS, CONTACTS_FILE, ERIK)
    assert run()["taken"] == 1


def test_each_job_can_be_run_alone(send, api, root):
    path = send(CONTACTS, CONTACTS_FILE, ERIK)
    assert api.post("/files/run", json={"what": "export"}).json()["exports"] == []
    assert path.exists()
    assert api.post("/files/run", json={"what": "import"}).json()["exports"] == []
    assert not path.exists()
    assert len(api.post("/files/run", json={}).json()["exports"]) == 1


def test_an_unknown_job_is_refused(send, api):
    path = send(CONTACTS, CONTACTS_FILE, ERIK)
    answer = api.post("/files/run", json={"what": "everything"})
    assert (answer.status_code, answer.json()["error"]) == (400, "what must be import, export or both")
    assert path.exists()


def test_a_file_that_was_applied_but_not_deleted_doubles_nothing(send, run, engage, tmp_path):
    send(CONTACTS, CONTACTS_FILE, ERIK)
    run()
    before = len(engage.contacts)
    send(CONTACTS, CONTACTS_FILE, ERIK)
    run()
    assert len(engage.contacts) == before


def test_state_and_log_survive_a_restart(tmp_path):
    def start():
        return create_app(
            state_path=tmp_path / "state.db",
            files=tmp_path / "ftp",
            settings=Settings(file_interval=INTERVAL),
        )

    app = start()
    (tmp_path / "ftp" / "integration" / CONTACTS / CONTACTS_FILE).write_text(ERIK)
    with client_for(app) as api:
        exports = api.post("/files/run", json={}).json()["exports"]
    app.close()
    app = start()
    with client_for(app) as api:
        shown = api.post("/files/run", json={}).json()
    assert [one["name"] for one in shown["log"]] == [CONTACTS_FILE]
    assert shown["exports"] == exports
    assert len(exports) == 1
    app.close()


def test_starting_afresh_empties_the_folders(send, api, engage):
    path = send(CONTACTS, CONTACTS_FILE, ERIK)
    part = send(CONTACTS, f"{CONTACTS_FILE}.part", "")
    api.post("/api/v3/contacts", json={"email": "x@example.com"})
    api.post("/files/run", json={"what": "export"})
    api.post("/reset", json={})
    shown = api.get("/files").json()
    assert (shown["waiting"], shown["exports"], shown["log"]) == ([], [], [])
    assert not path.exists()
    assert part.exists()


def test_a_folder_that_was_deleted_is_made_again(engage, api, root):
    folder = root / "integration" / CONTACTS
    folder.rmdir()
    assert api.post("/files/run", json={}).status_code == 200
    assert folder.is_dir()


def test_a_folder_that_cannot_be_used_is_told_and_the_api_goes_on(engage, api, root):
    folder = root / "integration" / CONTACTS
    folder.rmdir()
    folder.write_text("in the way")
    engage.advance(INTERVAL)
    engage.advance(INTERVAL)
    assert engage.log[-1]["text"].startswith("The folders cannot be used: ")
    assert api.get("/api/v2/contacts/count").status_code == 200


@pytest.mark.parametrize("name", ["", "../state.db", "20260412093015_000042_contacts.xml"])
def test_only_exports_can_be_downloaded(send, api, name):
    send(CONTACTS, CONTACTS_FILE, ERIK)
    answer = api.get("/files/export", params={"name": name})
    assert (answer.status_code, answer.json()["error"]) == (400, "there is no such export")


def test_a_download_has_its_name(api):
    api.post("/api/v3/contacts", json={"email": "x@example.com"})
    (name,) = api.post("/files/run", json={"what": "export"}).json()["exports"]
    answer = api.get("/files/export", params={"name": name})
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


def test_a_key_field_that_is_none_is_refused(api, engage):
    answer = api.post("/settings", json={"key_field": "shoeSize"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("key_field must be one of email, ")
    assert engage.settings.key_field == "externalId"


def test_the_folders_are_those_of_the_account(root, app):
    found = {str(path.relative_to(root)) for path in root.glob("*/*")}
    assert found == {
        str(Path("integration") / name)
        for name in (
            "contactImport",
            "transactionImport",
            "redeemedPromotionImport",
            "customerExport",
            "promotionExport",
        )
    }
