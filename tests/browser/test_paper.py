"""On paper *Days* is what it says, without what is pressed."""

import pytest
from playwright.sync_api import expect

from tests.pages import building
from tests.staff.test_days import DAYS, saturday  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.usefixtures("saturday")
def test_days_print_without_menu_and_filter(visit, db):
    page = visit(f"{DAYS}?day=2026-11-21", user=building.staff("vera", "view_item"))
    page.emulate_media(media="print")
    expect(page.get_by_text("1 of 4 stores is complete.")).to_be_visible()
    expect(page.get_by_text("249.40")).to_be_visible()
    for what in (".site-header", ".filters", ".pager"):
        expect(page.locator(what)).to_be_hidden()
