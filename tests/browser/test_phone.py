"""On a phone: the staff menu needs a keyboard and nothing else."""

import pytest
from playwright.sync_api import expect

from tests.pages import building

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("javascript", [True, False])
def test_the_menu_opens_by_keyboard_and_shows_every_page(visit, db, javascript):
    page = visit(
        "/staff/", user=building.staff("sam", "view_item", "view_contact"), width=390, javascript=javascript
    )
    expect(page.get_by_role("link", name="Pauses")).to_have_count(0)
    page.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    for label in ("Dashboard", "Queue", "Contacts", "Days", "Outages", "Files", "On trust", "Pauses"):
        expect(page.get_by_role("navigation", name="Main").get_by_role("link", name=label)).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Queue", level=1)).to_be_visible()


def test_escape_closes_the_menu_and_gives_the_focus_back(visit, db):
    page = visit("/staff/", user=building.staff("sam", "view_item"), width=390)
    page.get_by_role("button", name="Menu").press("Enter")
    expect(page.get_by_role("link", name="Days")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Days")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == "Menu"


def test_the_header_is_one_row(visit, db):
    boss = building.staff("a-person-with-a-rather-long-user-name")
    boss.is_superuser = True
    boss.save()
    for width in (320, 390, 768, 1024, 1280):
        page = visit("/staff/", user=boss, width=width)
        assert page.locator(".site-header").bounding_box()["height"] < 80, width


def test_a_wide_screen_needs_no_menu(visit, db):
    page = visit("/staff/", user=building.staff("sam", "view_item"), width=1280)
    expect(page.get_by_role("button", name="Menu")).to_have_count(0)
    page.get_by_role("link", name="Pauses").click()
    expect(page.get_by_role("heading", name="Pauses", level=1)).to_be_visible()


@pytest.mark.parametrize("path", ["/me/", "/me/purchases/", "/me/profile/"])
def test_a_members_pages_stand_in_one_row_on_the_smallest_phone(visit, alice, path):
    for width in (320, 360, 390):
        page = visit(path, user=building.customer(alice), width=width)
        rows = page.locator(".site-nav li").evaluate_all("each => each.map(li => li.offsetTop)")
        assert (len(rows), len(set(rows))) == (5, 1), width
