"""Prometheus reads everything from one address: the figures of all processes, for whoever brings the token."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from engage_portal import __version__
from engage_portal.core import clock
from engage_portal.outbox import pauses, tallies
from engage_portal.outbox.models import EngageLine, Heartbeat, Tally
from engage_portal.outbox.states import OPEN, State
from tests.api.talking import RECEIPTS, know_it_is_down
from tests.outbox.building import item

TOKEN = "t0ken-of-the-tests"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def scraper(settings):
    """A client that brings the token."""
    settings.METRICS_TOKEN = TOKEN
    return Client(headers=BEARER)


def scraped(scraper):
    """Every sample: its name and labels, and its value."""
    answer = scraper.get("/metrics")
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def items_told(samples):
    """The items that are told, by state and kind, without zeros."""
    return {
        (labels[1][1], labels[0][1]): value
        for (name, *labels), value in samples.items()
        if name == "engage_portal_outbox_items" and value
    }


def broken(*_arguments):
    raise OperationalError("the database went away")


# ── Who may read ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer another-token-here",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \u00e5\u00e4\u00f6",
    ],
)
def test_without_the_token_nothing_is_told(settings, header):
    settings.METRICS_TOKEN = TOKEN
    answer = Client().get("/metrics", headers={"authorization": header} if header else {})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.content == b"Send METRICS_TOKEN as a bearer token.\n"


@pytest.mark.django_db
@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN} "])
def test_with_the_token_everything_is_told(settings, header):
    settings.METRICS_TOKEN = TOKEN
    assert Client().get("/metrics", headers={"authorization": header}).status_code == 200


@pytest.mark.parametrize("headers", [{}, BEARER, {"authorization": "Bearer "}])
def test_without_a_token_in_the_settings_there_are_no_metrics(settings, headers):
    settings.METRICS_TOKEN = ""
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == 404
    assert answer.content == b"There are no metrics: METRICS_TOKEN is not set.\n"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_they_are_only_read(scraper, method):
    answer = getattr(scraper, method)("/metrics")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.django_db
def test_a_head_request_is_answered_without_a_body(scraper):
    answer = scraper.head("/metrics")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Content-Type"].startswith("text/plain; version=")


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "portal.invalid"])
def test_they_answer_to_any_host_name(scraper, host):
    assert scraper.get("/metrics", headers={"host": host}).status_code == 200


@pytest.mark.django_db
def test_a_scraper_that_speaks_openmetrics_gets_it(scraper):
    answer = scraper.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")


@pytest.mark.django_db
def test_a_broken_database_is_a_503_in_one_sentence(scraper):
    with connection.execute_wrapper(broken):
        answer = scraper.get("/metrics")
    assert (answer.status_code, answer.content) == (503, b"The database does not answer.\n")
    assert scraper.get("/metrics").status_code == 200


# ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_items_are_told_by_state_and_kind_until_they_are_seen_in_engage(scraper):
    for state in State:
        item(state=state)
    item(kind="contact.create")
    item(kind="contact.create")
    assert items_told(scraped(scraper)) == {
        ("pending", "contact.create"): 2,
        ("accepted", "receipt.post"): 1,
        **{(str(state), "receipt.post"): 1 for state in OPEN},
    }


@pytest.mark.django_db
def test_a_kind_of_which_nothing_waits_is_told_as_zero(scraper):
    series = ("engage_portal_outbox_items", ("kind", "promotion.redeem"), ("state", "attention"))
    assert scraped(scraper)[series] == 0


@pytest.mark.django_db
def test_labels_hold_neither_stores_nor_references(scraper):
    item(store="store-4711", reference="receipt-4711", reason="told by 4711")
    assert b"4711" not in scraper.get("/metrics").content


@pytest.mark.django_db
def test_the_oldest_that_waits_is_told_by_its_age(scraper):
    series = ("engage_portal_outbox_oldest_waiting_seconds",)
    item(state=State.DELIVERED, created_at=clock.now() - timedelta(days=2))
    item(state=State.ATTENTION, created_at=clock.now() - timedelta(days=1))
    assert scraped(scraper)[series] == 0
    item(created_at=clock.now() - timedelta(minutes=5))
    item(state=State.IN_DOUBT)
    assert 300 <= scraped(scraper)[series] < 360


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["closed", "half-open", "open"])
def test_the_breaker_is_in_exactly_one_state(scraper, state):
    EngageLine.objects.create(pk="default", breaker_state=state)
    told = {
        labels[0][1]: value
        for (name, *labels), value in scraped(scraper).items()
        if name == "engage_portal_engage_breaker_state"
    }
    assert told == {each: each == state.replace("-", "_") for each in ("closed", "half_open", "open")}


@pytest.mark.django_db
def test_an_outage_is_told_by_how_long_it_lasts(scraper):
    series = ("engage_portal_engage_down_seconds",)
    assert scraped(scraper)[series] == 0
    know_it_is_down()
    EngageLine.objects.update(down_since=clock.now() - timedelta(minutes=5))
    assert 300 <= scraped(scraper)[series] < 360


@pytest.mark.django_db
def test_only_running_pauses_count(scraper):
    pauses.pause(by="eva", reason="Stocktaking.", store="101")
    pauses.pause(by="eva", reason="New prices.", kind="receipt.post")
    pauses.resume(by="eva", pauses=pauses.running().filter(store="101"))
    assert scraped(scraper)[("engage_portal_outbox_pauses",)] == 1


@pytest.mark.django_db
def test_the_youngest_heartbeat_counts_and_none_is_infinitely_old(scraper):
    series = ("engage_portal_worker_heartbeat_age_seconds",)
    assert scraped(scraper)[series] == float("inf")
    Heartbeat.objects.create(host="old", beat_at=clock.now() - timedelta(days=1))
    Heartbeat.objects.create(host="young", beat_at=clock.now() - timedelta(minutes=1))
    assert 60 <= scraped(scraper)[series] < 120


@pytest.mark.django_db
def test_the_running_version_is_told(scraper):
    assert scraped(scraper)[("engage_portal_info", ("version", __version__))] == 1


@pytest.mark.django_db
def test_calls_are_told_as_a_cumulative_histogram(scraper):
    for seconds in (0.01, 0.05, 0.2, 0.9, 0.9, 45):
        tallies.call_took(seconds)
    tallies.write()
    samples, name = scraped(scraper), "engage_portal_engage_call_seconds"
    classes = {le: samples[f"{name}_bucket", ("le", le)] for le in tallies.CLASSES}
    assert classes == {
        "0.05": 2,
        "0.1": 2,
        "0.25": 3,
        "0.5": 3,
        "1": 5,
        "2.5": 5,
        "5": 5,
        "10": 5,
        "30": 5,
        "+Inf": 6,
    }
    assert samples[(f"{name}_count",)] == 6
    assert samples[(f"{name}_sum",)] == pytest.approx(47.06)


@pytest.mark.django_db
def test_what_processes_counted_is_added_up(scraper):
    for _process in range(2):
        tallies.add("attempts", kind="receipt.post", outcome="done", channel="api")
        tallies.add("pace_wait_seconds", 1.25, lane="delivery")
        tallies.add("pace_refused", lane="people")
        tallies.write()
    samples = scraped(scraper)
    attempts = (("channel", "api"), ("kind", "receipt.post"), ("outcome", "done"))
    assert samples["engage_portal_outbox_attempts_total", *attempts] == 2
    assert samples["engage_portal_pace_wait_seconds_total", ("lane", "delivery")] == 2.5
    assert samples["engage_portal_pace_refused_total", ("lane", "people")] == 2


@pytest.mark.django_db
def test_a_scrape_takes_as_many_queries_with_a_full_ledger_as_with_an_empty_one(
    scraper, django_assert_max_num_queries, django_assert_num_queries
):
    with django_assert_max_num_queries(8) as few:
        scraped(scraper)
    for state in State:
        item(state=state)
    know_it_is_down()
    tallies.call_took(0.2)
    tallies.write()
    with django_assert_num_queries(len(few)):
        scraped(scraper)


# ── How web processes count ──────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def due(monkeypatch):
    """Figures are written after every request."""
    monkeypatch.setattr(tallies, "_WRITE_EVERY", 0)
    tallies._start_anew()


@pytest.mark.django_db
def test_figures_are_written_after_a_request(client, due):
    tallies.add("pace_refused", lane="people")
    client.get("/healthz")
    assert Tally.objects.get(metric="pace_refused").value == 1


@pytest.mark.django_db
def test_figures_are_written_now_and_then_and_not_after_every_request(client, django_assert_num_queries):
    tallies.add("pace_refused", lane="people")
    with django_assert_num_queries(0):
        client.get("/healthz")


@pytest.mark.django_db
def test_figures_that_cannot_be_written_fail_no_sale_and_are_kept(till, receipt_body, due):
    tallies.add("pace_refused", lane="people")

    def without_figures(execute, sql, *arguments):
        return broken() if "outbox_tally" in sql else execute(sql, *arguments)

    with connection.execute_wrapper(without_figures):
        assert till.post(RECEIPTS, receipt_body("101-1")).status_code == 202
    assert not Tally.objects.exists()
    till.get("/healthz")
    assert Tally.objects.get(metric="pace_refused").value == 1
