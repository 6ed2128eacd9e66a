from tests.sandbox.files.documents import CONTACTS, CONTACTS_FILE, contacts, member
from tests.sandbox.test_page import FORM, Page

ERIK = member(externalId="WEB-1", firstName="Erik", email="nobody")


def _page(api, path="/"):
    return Page(api.get(path).text)


def test_what_waits_and_what_is_ignored_is_shown(send, api):
    send(CONTACTS, CONTACTS_FILE, contacts(ERIK))
    send(CONTACTS, "second.xml.part", "")
    words = _page(api).text
    assert f"{CONTACTS_FILE} contacts waits for the job" in words
    assert "second.xml.part contacts ignored: no .xml" in words


def test_the_buttons_run_the_jobs(send, api):
    send(CONTACTS, CONTACTS_FILE, contacts(ERIK))
    answer = api.post("/files/run", data={"what": "import"}, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    words = _page(api).text
    assert f"{CONTACTS_FILE} 1 taken, 1 field dropped" in words
    assert "record 1, field dropped: email: is not a valid e-mail address" in words
    assert "Nothing waits." in words
    api.post("/files/run", data={"what": "export"}, headers=FORM)
    (link,) = [one["href"] for one in _page(api).all("a") if one.get("href", "").startswith("/files/export")]
    assert "Erik" in api.get(link).text


def test_a_file_that_failed_says_why(send, api):
    send(CONTACTS, CONTACTS_FILE, "<contacts>")
    api.post("/files/run", data={"what": "import"}, headers=FORM)
    assert "the whole file was skipped: the namespace must be" in _page(api).text


def test_the_job_is_stopped_and_let_run_by_a_button(api, engage):
    assert "The import job runs every 1e+06 s" in _page(api).text
    api.post("/settings", data={"imports_run": "no"}, headers=FORM)
    assert engage.settings.imports_run is False
    found = _page(api)
    assert "The import job does not run: files stay" in found.text
    assert {"type": "hidden", "name": "imports_run", "value": "yes"} in found.all("input")


def test_a_long_log_is_cut_and_counted(send, api):
    send(CONTACTS, CONTACTS_FILE, contacts(*["<member/>"] * 300))
    api.post("/files/run", json={"what": "import"})
    words = _page(api).text
    assert words.count("the key externalId is missing") == 20
    assert "and 280 more lines, see /files" in words


def test_a_name_is_only_text(send, api):
    send(CONTACTS, "<b>x.xml", contacts(ERIK))
    assert "&lt;b&gt;x.xml" in api.get("/").text
    api.post("/files/run", json={})
    assert "&lt;b&gt;x.xml" in api.get("/").text
    assert "<b>x" not in api.get("/").text
