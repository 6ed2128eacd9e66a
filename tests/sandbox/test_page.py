from html.parser import HTMLParser

import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.payloads import item, receipt

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Page(HTMLParser):
    """Just enough of a browser: tags with their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture
def page(api):
    return lambda path="/": Page(api.get(path).text)


def test_the_state_is_said_in_words(page, engage):
    assert "Engage is up" in page().text
    engage.faults.set("down")
    assert "Engage is down since " in page().text
    engage.faults.set("up")
    engage.faults.set("500", endpoint="POST /api/v3/receipts", probability=0.5, times=3)
    words = page().text
    assert "Engage is up, with trouble" in words
    assert "on POST /api/v3/receipts , 50% of requests, 3 more times" in words


def test_the_two_big_buttons_work(api, engage, page):
    forms = [form for form in page().all("form") if form["action"] == "/faults"]
    assert len(forms) == 3
    assert {button["value"] for button in page().all("input") if button.get("name") == "mode"} == {
        "down",
        "up",
    }
    api.post("/faults", data={"mode": "down"}, headers=FORM)
    assert engage.faults.mode == "down"


def test_every_control_has_a_label(page):
    found = page()
    labels = {label["for"] for label in found.all("label")}
    controls = [one for one in found.all("input", "select") if one.get("type") != "hidden"]
    assert {control["id"] for control in controls} == labels
    assert {"mode", "endpoint", "probability", "times", "delay_ms", "retry_after"} <= labels


def test_nothing_is_inline(page, api):
    found = page()
    assert found.all("style") == []
    assert [script["src"] for script in found.all("script")] == ["/live.js"]
    assert not [
        1 for _, attributes in found.tags for name in attributes if name == "style" or name.startswith("on")
    ]
    policy = api.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_its_files_are_served(api):
    assert api.get("/style.css").headers["content-type"] == "text/css; charset=utf-8"
    assert api.get("/live.js").headers["content-type"] == "text/javascript; charset=utf-8"


def test_nothing_typed_is_lost_by_reloading(page):
    """Only the page without forms to type in reloads itself."""
    assert "http-equiv" not in str(page().tags)
    live = page("/?live=1")
    assert {"http-equiv": "refresh", "content": "3"} in live.all("meta")
    assert [one for one in live.all("input", "select") if one.get("type") != "hidden"] == []
    assert live.all("script") == []
    assert "Engage is up" in live.text


def test_empty_lists_say_so(page):
    words = page().text
    for sentence in (
        "No receipt has come in yet.",
        "No contact has been created yet.",
        "Nothing has been redeemed yet.",
        "The log is empty",
    ):
        assert sentence in words


def test_receipts_show_where_they_are(api, engage, page):
    api.post("/api/v3/receipts", json=receipt("till-old"))
    engage.advance(2)
    for _ in range(2):
        api.post("/api/v3/receipts", json=receipt("till-new"))
    words = page().text
    assert words.index("till-new") < words.index("till-old")
    assert "in the import queue 2 times" in words
    assert "200.00 SEK" in words
    assert seeds.ANNA_ID in words


def test_contacts_redemptions_and_the_log_are_listed(api, page):
    api.post("/api/v3/contacts", json={"firstName": "Erik", "email": "erik@example.com", "typo": 1})
    api.post(
        f"/api/v3/promotion-assignments/{seeds.ANNA_PERCENT_ID}/redeem", json={"redemptionChannel": "ECOM"}
    )
    words = page().text
    assert "Erik Member" in words
    assert "Knitwear weeks 2026 promotion ECOM" in words
    assert "ignored unknown field typo" in words


def test_the_article_switch_turns(api, engage, page):
    assert "is blocked: yes" in page().text
    api.post("/settings", data={"refuse_article": "no"}, headers=FORM)
    assert "is blocked: no" in page().text
    body = receipt("till-1", items=[item(articleNumber="REFUSE")])
    assert api.post("/api/v3/receipts", json=body).status_code == 202


def test_what_came_from_outside_is_escaped(api, page):
    evil = "<script>alert(1)</script>"
    api.post(
        "/api/v3/contacts", json={"firstName": evil, "email": "erik@example.com", "externalId": evil, evil: 1}
    )
    api.post("/api/v3/receipts", json=receipt(evil, storeExternalId=evil))
    assert [script.get("src") for script in page().all("script")] == ["/live.js"]
