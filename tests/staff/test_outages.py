"""The pages about outages: all that are remembered, and the ways there."""

import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.outbox.line import outages
from engage_portal.outbox.models import EngageLine, Outage
from tests.fallback.spool.conftest import sell
from tests.outbox.building import delivered
from tests.pages import building
from tests.staff.an_outage import PAGE, back, titles
from tests.staff.test_pauses import words

pytestmark = pytest.mark.django_db


# ── All of them ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_portal_without_an_outage_says_so(vera_at_work: Client) -> None:
    page = words(vera_at_work.get(PAGE))
    assert "Engage has not been away. If it ever is, what happened will stand here" in page


def test_the_list_tells_how_long_why_what_was_kept_and_when_the_queue_was_empty(
    vera_at_work: Client, till: APIClient, away: Outage, engage: Any, hand: Any
) -> None:
    sell(till, "101-1")
    sell(till, "101-2")
    page = words(vera_at_work.get(PAGE))
    assert "Engage is away" in page
    assert "Receipt 2" in page

    back(engage, hand)
    assert "Catching up" in words(vera_at_work.get(PAGE))
    hand.shift(10)
    delivered()
    for settled in (False, True):
        if settled:
            outages.settle()
        page = words(vera_at_work.get(PAGE))
        assert "31 minutes" in page
        assert "Over" in page
        assert "Engage did not answer. It answered again" in page
        assert "2 items kept · the queue was empty again" in page


def test_the_newest_stands_first_and_the_rest_on_further_pages(vera_at_work: Client) -> None:
    now = clock.now()
    Outage.objects.bulk_create(
        Outage(cause="errors", began_at=now, opened_at=now, ended_at=now, emptied_at=now, kept={}, first_item=1, last_item=0)
        for _ in range(25)
    )  # fmt: skip
    first = re.findall(r'href="/staff/outages/(\d+)/"', vera_at_work.get(PAGE).text)
    second = re.findall(r'href="/staff/outages/(\d+)/"', vera_at_work.get(f"{PAGE}?page=2").text)
    assert (len(first), len(second)) == (20, 5)
    assert [*first, *second] == [str(pk) for pk in outages.newest().values_list("pk", flat=True)]


def test_the_cost_of_the_list_does_not_grow_with_the_outages(
    vera_at_work: Client, django_assert_max_num_queries: Any
) -> None:
    now = clock.now()
    Outage.objects.bulk_create(
        Outage(cause="errors", began_at=now, opened_at=now, ended_at=now, first_item=1, last_item=0)
        for _ in range(20)
    )
    with django_assert_max_num_queries(10):
        page = vera_at_work.get(PAGE)
    assert page.text.count("counted within a minute") == 19


# ── The ways there ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_dashboard_leads_there_in_an_outage_and_afterwards(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    for path in ("/staff/", "/staff/?live"):
        assert f'href="{PAGE}{away.pk}/">What happened so far</a>' in vera_at_work.get(path).text
    back(engage, hand)
    page = vera_at_work.get("/staff/")
    assert "The last outage ended" in words(page)
    assert f'href="{PAGE}">Outages</a>' in page.text


def test_the_page_about_files_says_when_engage_was_away_also_afterwards(
    vera_at_work: Client, away: Outage, engage: Any, hand: Any
) -> None:
    assert titles(vera_at_work.get("/staff/files/")) == ["Engage stopped answering"]
    back(engage, hand)
    page = vera_at_work.get("/staff/files/")
    assert titles(page) == ["Engage answers again", "Engage stopped answering"]
    assert f'<a href="{PAGE}{away.pk}/">Engage stopped answering</a>' in page.text
    assert f'<a href="{PAGE}">All outages</a>' in page.text


def test_the_queue_says_which_outage_its_items_were_kept_in_and_keeps_the_filter(
    vera_at_work: Client, away: Outage
) -> None:
    building.item(pk=away.first_item + 3)
    page = vera_at_work.get(f"/staff/queue/?outage={away.pk}&state=pending")
    assert "1 item matches your filter, kept in the outage of" in words(page)
    assert f'name="outage" value="{away.pk}"' in page.text


def test_a_line_without_a_row_does_not_break_the_pages(vera_at_work: Client) -> None:
    building.engage_is_down()
    assert EngageLine.objects.exists()
    for path in ("/staff/", "/staff/files/", PAGE):
        assert vera_at_work.get(path).status_code == 200
