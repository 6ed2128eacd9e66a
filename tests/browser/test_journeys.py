"""What people do, in a real browser: with scripts, and without."""

import re

import pytest
from playwright.sync_api import expect

from contacts.services import contact_for_sign_in
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.models import Item, Outage
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.pages import building
from tests.staff.people_at_work import exported, ingrid_in, item_of, newcomer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("javascript", [True, False])
def test_a_customer_signs_in_looks_and_signs_out(visit, alice, mailoutbox, javascript):
    page = visit("/", javascript=javascript, width=390)
    page.get_by_label("E-mail address").fill("  Alice@Example.com")
    page.get_by_role("button", name="Send me a code").click()
    code = re.search(r"^    (\S+)$", mailoutbox[0].body, re.MULTILINE)[1]
    page.get_by_label("Code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    page.get_by_role("link", name="Purchases", exact=True).click()
    page.get_by_text("Alice’s store").click()
    expect(page.get_by_text("Moss jumper")).to_be_visible()
    page.get_by_role("link", name="Offers", exact=True).click()
    expect(page.get_by_text("ALICE20")).to_be_visible()
    page.get_by_role("link", name="Points", exact=True).click()
    expect(page.get_by_text("ALICE-1")).to_be_visible()
    page.get_by_role("link", name="Profile").click()
    expect(page.get_by_text("alice@example.com")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


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
    expect(page.get_by_text("1 queued")).to_be_visible()
    expect(page.get_by_text("Nothing matches your filter.")).to_be_visible()
    assert Item.objects.get(pk=1).state == State.PENDING


@pytest.mark.parametrize("javascript", [True, False])
def test_staff_cancel_items_by_keyboard(visit, javascript):
    building.item(pk=1, state=State.ATTENTION)
    building.item(pk=2, state=State.ATTENTION)
    page = visit(
        "/staff/queue/", user=building.staff("carl", "view_item", "cancel_item"), javascript=javascript
    )
    page.get_by_role("button", name="Cancel all 2…").press("Enter")
    page.get_by_label("Why?").fill("x" * 301)
    page.get_by_role("button", name="Cancel 2 items").press("Enter")
    expect(page.get_by_text("Please use at most 300 characters.")).to_be_visible()
    expect(page.get_by_label("Why?")).to_have_value("x" * 301)
    page.get_by_label("Why?").fill("Sold twice.")
    page.get_by_role("button", name="Cancel 2 items").press("Enter")
    expect(page.get_by_text("2 cancelled, 0 on their way, 0 already settled.")).to_be_visible()
    expect(page.get_by_text("Sold twice.").first).to_be_visible()
    assert set(Item.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_staff_pause_a_store_and_let_it_go_on(visit):
    user = building.staff("paula", "view_item", "pause_items")
    building.item(store="101")
    board = visit("/staff/", user=user)
    page = visit("/staff/pauses/", user=user, width=390)
    page.get_by_label("Kind").select_option(label="Receipt")
    page.get_by_label("Store", exact=True).fill("101")
    page.get_by_label("Why?").fill("The price list is wrong.")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", name="Every receipt of store 101")).to_be_visible()
    board.get_by_text("A part of the queue is paused").wait_for()
    page.get_by_role("link", name="1 item", exact=True).click()
    page.get_by_role("link", name="Receipt #").click()
    expect(page.get_by_text("It waits: every receipt of store 101 is paused.")).to_be_visible()
    page.get_by_role("link", name="Pauses").first.click()
    page.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_text("the pause is over")).to_be_visible()
    board.get_by_text("A part of the queue is paused").wait_for(state="detached")


def test_the_dashboard_follows_what_happens(visit, sam):
    page = visit("/staff/", user=sam)
    expect(page.get_by_text("Engage is answering")).to_be_visible()
    page.get_by_text("The same as a table").click()
    page.locator("#tile-pending").focus()
    building.engage_is_down()
    building.item()
    page.get_by_text("Engage is down since").wait_for()
    expect(page.locator("#tile-pending .tile-number")).to_have_text("1")
    assert page.evaluate("document.activeElement.id") == "tile-pending"
    expect(page.get_by_role("region", name="Tries in the last hour, minute by minute")).to_be_visible()


def test_the_queue_follows_what_happens_and_keeps_the_ticks(visit, sam):
    building.item(pk=1, state=State.ATTENTION)
    building.item(pk=2)
    page = visit("/staff/queue/", user=sam)
    page.get_by_label("Choose number 1").check()
    building.item(pk=3)
    Item.objects.filter(pk=2).update(state=State.IN_DOUBT, looks_first=True, was_in_doubt=True)
    page.get_by_role("link", name="Show 1 new item").wait_for()
    expect(page.locator("#state-2")).to_have_text("In doubt")
    expect(page.get_by_label("Choose number 1")).to_be_checked()


def test_the_timeline_of_an_outage_grows_by_itself(visit, sam):
    building.engage_is_down()
    outage = building.outage(ended_at=None, last_item=None)
    page = visit(f"/staff/outages/{outage.pk}/", user=sam)
    expect(page.get_by_text("Nothing has come in yet.")).to_be_visible()
    kept = building.item(kind="receipt.post")
    expect(page.get_by_text(f"The first item was kept: receipt #{kept.pk}")).to_be_visible()
    Item.objects.update(state=State.DELIVERED, holds=False, finished_at=clock.now())
    Outage.objects.update(ended_at=clock.now(), last_item=kept.pk)
    expect(page.get_by_text("Everything that was kept has been sent")).to_be_visible()
    expect(page.get_by_role("heading", name="Outage of")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_staff_find_a_contact_correct_it_and_it_arrives(visit, engage, javascript):
    contact = ingrid_in(engage)
    user = building.staff("cora", "view_item", "view_contact", "reveal_contact", "correct_contact")
    page = visit("/staff/contacts/", user=user, javascript=javascript, width=390)
    page.get_by_label("E-mail, phone").fill("070-123 45 67")
    page.get_by_role("button", name="Find").press("Enter")
    expect(page.get_by_text("is not a valid e-mail address").first).to_be_visible()
    expect(page.get_by_text("Ingrid")).to_have_count(0)
    page.get_by_role("button", name="Show personal data").click()
    expect(page.get_by_role("heading", name="Ingrid Lindqvist")).to_be_visible()
    page.get_by_role("link", name="Hide personal data").click()
    expect(page.get_by_text("Ingrid")).to_have_count(0)
    page.get_by_role("link", name="Correct…").first.click()
    page.get_by_label("E-mail").fill("ingrid.lindqvist@example.com")
    page.get_by_role("button", name="Save and send again").press("Enter")
    expect(page.get_by_text("Corrected, and on its way to Engage again.")).to_be_visible()
    assert item_of(contact, "contact.update").state == State.PENDING


def test_staff_say_who_somebody_is(visit, engage):
    contact = newcomer()
    user = building.staff("cora", "view_item", "view_contact", "correct_contact")
    page = visit(f"/staff/contacts/{contact.pk}/", user=user)
    page.get_by_role("button", name="Say who it is…").click()
    page.get_by_role("button", name=f"Look at {seeds.ANNA_ID}").click()
    page.get_by_role("button", name="Yes, link them").click()
    expect(page.get_by_text("Linked. What waited goes on.")).to_be_visible()
    assert item_of(contact, "contact.create").state == State.CANCELLED


@pytest.mark.parametrize("javascript", [True, False])
def test_a_member_changes_what_they_allow_and_where_they_live(visit, engage, javascript):
    contact = contact_for_sign_in(email=seeds.ANNA_EMAIL, deadline=Deadline.after(20))
    page = visit("/me/profile/", user=building.customer(contact), javascript=javascript, width=390)
    page.get_by_role("link", name="Change your profile").click()
    page.get_by_label("Street").fill("Ny gata 5")
    page.get_by_label("City").press("Enter")
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(page.get_by_text("Ny gata 5")).to_be_visible()
    page.get_by_role("link", name="Change what you allow").click()
    page.get_by_role("group", name="News by post").get_by_label("Yes").check(force=True)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    there = engage.engage.contacts[seeds.ANNA_ID]
    assert (there["attributes"]["street"], there["preferences"]["acceptsPostal"]) == ("Ny gata 5", True)


def test_the_imports_follow_what_is_read(visit, db):
    row = exported(state="running", total=1000, position=640)
    page = visit("/staff/contacts/imports/", user=building.staff("ines", "import_contacts"))
    expect(page.get_by_text("640 of 1,000")).to_be_visible()
    type(row).objects.filter(pk=row.pk).update(state="done", position=1000, report={"new": 12})
    page.get_by_text("12 new").wait_for()
    expect(page.get_by_role("progressbar")).to_have_count(0)
