"""What people do, in a real browser: with scripts, and without."""

import re

import pytest

from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.pages import building

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("javascript", [True, False])
def test_a_customer_signs_in_looks_and_signs_out(visit, alice, mailoutbox, javascript):
    page = visit("/", javascript=javascript, width=390)
    page.get_by_label("E-mail address").fill("  Alice@Example.com")
    page.get_by_role("button", name="Send me a code").click()
    code = re.search(r"^    (\S+)$", mailoutbox[0].body, re.MULTILINE)[1]
    page.get_by_label("Code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("heading", name="Hello, Alice").is_visible()
    page.get_by_role("link", name="Purchases", exact=True).click()
    page.get_by_text("Alice’s store").click()
    assert page.get_by_text("Moss jumper").is_visible()
    page.get_by_role("link", name="Offers", exact=True).click()
    assert page.get_by_text("ALICE20").is_visible()
    page.get_by_role("link", name="Profile").click()
    assert page.get_by_text("alice@example.com").is_visible()
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_text("You are signed out.").is_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_staff_find_an_item_and_send_it_again(visit, sam, javascript):
    building.item(pk=1, state=State.ATTENTION, reference="S1001-5001")
    building.item(pk=2)
    page = visit("/staff/queue/?state=attention", javascript=javascript)
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password").fill(building.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Choose number 1").check()
    page.get_by_role("button", name="Send the chosen again").click()
    assert page.get_by_text("1 queued").is_visible()
    assert page.get_by_text("Nothing matches your filter.").is_visible()
    assert Item.objects.get(pk=1).state == State.PENDING


def test_the_dashboard_follows_what_happens(visit, sam):
    page = visit("/staff/", user=sam)
    assert page.get_by_text("Engage is answering").is_visible()
    page.get_by_text("The same as a table").click()
    page.locator("#tile-pending").focus()
    building.engage_is_down()
    building.item()
    page.get_by_text("Engage is down since").wait_for(timeout=15_000)
    assert page.locator("#tile-pending .tile-number").inner_text() == "1"
    assert page.evaluate("document.activeElement.id") == "tile-pending"
    assert page.get_by_role("region", name="Tries in the last hour, minute by minute").is_visible()


def test_the_queue_follows_what_happens_and_keeps_the_ticks(visit, sam):
    building.item(pk=1, state=State.ATTENTION)
    building.item(pk=2)
    page = visit("/staff/queue/", user=sam)
    page.get_by_label("Choose number 1").check()
    building.item(pk=3)
    Item.objects.filter(pk=2).update(state=State.IN_DOUBT)
    page.get_by_role("link", name="Show 1 new item").wait_for(timeout=15_000)
    assert page.locator("#state-2").inner_text() == "In doubt"
    assert page.get_by_label("Choose number 1").is_checked()
