"""Each page passes axe's checks (WCAG 2 A and AA), wide and narrow, never scrolls sideways, and fits a finger."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from contacts.models import Answer, ConsentText, Contact, ContactEvent
from engage_portal.core import clock
from engage_portal.outbox import pauses
from engage_portal.outbox.models import Outcome
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from promotions.models import TrustedUse, TrustRule
from promotions.selectors.trust import today
from tests.pages import building
from tests.staff.people_at_work import exported, ingrid, newcomer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOBODY = ["/sign-in/", "/staff/sign-in/"]
CUSTOMER = [
    "/me/", "/me/profile/", "/me/purchases/", "/me/offers/", "/me/points/", "/sign-out/", "/me/profile/edit/",
    "/me/profile/preferences/",
]  # fmt: skip
STOPPED, NEW, GONE = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "123")
CONTACTS = [
    "/staff/contacts/", f"/staff/contacts/{STOPPED}/", f"/staff/contacts/{STOPPED}/correct/",
    f"/staff/contacts/{STOPPED}/delete/", f"/staff/contacts/{NEW}/", f"/staff/contacts/{NEW}/link/",
    f"/staff/contacts/{GONE}/", "/staff/contacts/imports/",
]  # fmt: skip
STAFF = [
    "/staff/", "/staff/queue/", "/staff/queue/1/", "/staff/queue/2/", "/staff/pauses/", "/staff/days/", "/staff/clashes/", "/staff/trust/",
    "/staff/trust/rules/new/", "/staff/security/",
    "/staff/security/password/",
]  # fmt: skip
OUTAGES = [
    "/staff/outages/",
    "/staff/outages/1/",
    "/staff/outages/2/",
    "/staff/files/",
    "/staff/queue/?outage=1",
]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}

PRESSED = (
    "button:not(.link), summary, select, input:not([type=hidden], [type=checkbox], [type=radio]), a[role=button],"
    " nav a, .actions a, .card-head a, .crumbs a"
)
SMALL = """selector => [...document.querySelectorAll(selector)]
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 43.5)
    .map(each => `${each.outerHTML.slice(0, 90)}: ${each.getBoundingClientRect().height}`)"""


def check(page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    result = Axe().run(page, options=RULES)
    assert result.violations_count == 0, f"{page.url}\n{result.generate_report()}"
    inner, outer = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert inner <= outer, f"{inner} px of content on a screen of {outer} px"
    if outer < 500:
        small = page.evaluate(SMALL, PRESSED)
        assert small == [], f"{page.url}: less than a finger wide"


@pytest.fixture
def busy(db):
    """A portal in the middle of an outage, with items in every state."""
    building.engage_is_down()
    first = building.item(pk=1, state=State.ATTENTION, reference="S1001-5001", store="1001", tries=2)
    building.item(pk=2, kind="contact.create")
    building.event(first, "queued")
    building.attempt(first, Outcome.REFUSED, status=422, error_code="ValidationError", message="No store.")
    for state in State.values:
        building.item(state=State(state), kind="contact.create")
    TrustRule.objects.create(most_percent=20, uses_a_day=50, changed_by="tess")
    for outcome in TrustedUse.Outcome.values:
        TrustedUse.objects.create(
            redemption_id=uuid4(), store="1001", day=today(), money=100, currency="SEK", outcome=outcome
        )
    pauses.resume(by="sam", pauses=[pauses.pause(by="paula", reason="Moving house.")])
    pauses.pause(by="paula", reason="The price list is wrong.", kind="contact.create")


@pytest.fixture
def rich(db):
    """A customer with something of everything."""
    contact = building.contact_called("Rosa", "Rik", fetched_at=clock.now())
    for number, total in enumerate(("1249.00", "-399.00", "12349.50")):
        building.purchase(
            contact,
            store=f"Long store name {number}",
            total=total,
            lines=[{"articleName": "Wool socks, two pairs", "netPrice": 99}],
        )
    building.offer(contact, heading="A fifth off one thing", description="In all stores.")
    building.offer(contact, heading="Free parcel", code="A-RATHER-LONG-DISCOUNT-CODE-2026")
    building.offer(contact, heading="Used", redeemed=True)
    building.voucher(contact, name="A voucher with a rather long name", number="2511233093766")
    building.voucher(contact, name="Soon", valid_from=clock.now() + timedelta(days=9))
    building.voucher(contact, name="Used", redeemed_on=clock.now())
    account = building.points(contact, 1234567.5, pending=250, expires="2035-01-31T12:00:00Z")
    for number in range(25):
        building.movement(account, 250 - 20 * number, f"Purchase {number}", days_ago=number)
    later = (clock.now() + timedelta(days=30)).isoformat()
    building.movement(account, 250, "Birthday points", validFrom=later)
    contact.changes = {"street": "New street", "email": "new@example.com", "preferences.acceptsSms": True}
    contact.save()
    for language in ("en-GB", "sv-SE"):
        ConsentText.objects.create(
            consent_id=f"consent{language}", language=language, version=1, display_text="I would like that, please",
            condition_text="A long story", link_text="Read on",
        )  # fmt: skip
    return building.customer(contact)


@pytest.fixture
def boss(db):
    """Staff who may do everything with contacts, of which there is one in each state."""
    contact = ingrid(pk=STOPPED)
    for what in ("conflict", "corrected", "revealed", "born"):
        ContactEvent.objects.create(
            contact=contact, what=what, field="street", old="Old street", new="New street"
        )
    for name, value in (("preferences.acceptsEmail", True), ("consents.memberConsent", False)):
        Answer.objects.create(
            contact=contact,
            name=name,
            value=value,
            answered_at=clock.now(),
            channel="POS",
            store="101",
            actor="till",
        )
    Contact.objects.create(same_as=contact)
    newcomer(pk=NEW)
    Contact.objects.create(pk=GONE, engage_contact_id=GONE, deleted_at=clock.now())
    exported(state="running", total=1000, position=640)
    exported(state="rejected", problem="The file ends in the middle.")
    exported(
        state="done", total=9, position=9, is_complete=True, finished_at=clock.now(),
        report={"new": 3, "skipped": 2, "reasons": {"No key.": 2}, "alarms": ["Look."], "missing": {"count": 7}},
    )  # fmt: skip
    return building.staff(
        "boss", "view_item", "view_contact", "reveal_contact", "correct_contact", "import_contacts"
    )


def open_all(page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_for_everybody_are_accessible(visit, width):
    for path in NOBODY:
        check(visit(path, width=width))


@pytest.mark.parametrize("width", [1280, 390])
def test_customers_pages_are_accessible(visit, rich, width):
    for path in CUSTOMER:
        page = visit(path, user=rich, width=width)
        open_all(page)
        check(page)


def test_customers_pages_are_accessible_during_an_outage(visit, engage_away):
    contact = building.contact_called("Sten", "S", fetched_at=clock.now() - timedelta(days=400))
    user = building.customer(contact)
    for path in CUSTOMER[:5]:
        page = visit(path, user=user, width=390)
        expect(page.locator(".banner")).to_be_visible()
        check(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_staff_pages_are_accessible(visit, busy, width):
    sam = building.staff("sam", "view_item", "retry_item", "change_trustrule")
    for path in STAFF:
        page = visit(path, user=sam, width=width)
        open_all(page)
        check(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_outages_are_accessible_while_they_run_and_afterwards(visit, busy, width):
    now = clock.now()
    building.outage(pk=1)
    building.outage(pk=2, began_at=now, opened_at=now, ended_at=None, last_item=None, first_item=5)
    vera = building.staff("vera", "view_item")
    for path in OUTAGES:
        check(visit(path, user=vera, width=width))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_questions_before_acting_are_accessible_with_a_mistake_too(visit, busy, width):
    boss = building.staff("boss", "view_item", "cancel_item", "pause_items")
    page = visit("/staff/queue/1/", user=boss, width=width)
    page.get_by_role("button", name="Cancel…").click()
    check(page)
    page.get_by_role("button", name="Cancel 1 item").click()
    expect(page.get_by_text("Please say why.")).to_be_visible()
    described_by = page.get_by_label("Why?").get_attribute("aria-describedby").split()
    assert "Please say why." in [page.locator(f"#{each}").inner_text() for each in described_by]
    check(page)
    page = visit("/staff/pauses/", user=boss, width=width)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Please say why.")).to_be_visible()
    check(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_contacts_are_accessible_in_every_state(visit, boss, width):
    for path in CONTACTS:
        page = visit(path, user=boss, width=width)
        open_all(page)
        check(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_contacts_are_accessible_with_results_and_mistakes_too(visit, boss, engage, width):
    page = visit("/staff/contacts/", user=boss, width=width)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("Please enter something to look for.")).to_be_visible()
    check(page)
    ingrid()
    page.get_by_label("E-mail, phone").fill("0701234567")
    page.get_by_role("button", name="Find").click()
    check(page)
    page.get_by_label("E-mail, phone").fill("nobody@example.com")
    page.get_by_role("button", name="Find").click()
    check(page)
    page = visit(f"/staff/contacts/{STOPPED}/", user=boss, width=width)
    page.get_by_role("button", name="Show personal data").click()
    check(page)
    page = visit(f"/staff/contacts/{STOPPED}/correct/", user=boss, width=width)
    page.get_by_role("button", name="Show what is there now").click()
    page.get_by_label("E-mail").fill("nothing")
    page.get_by_role("button", name="Save and send again").click()
    described_by = page.get_by_label("E-mail").get_attribute("aria-describedby").split()
    told = " ".join(page.locator(f"#{each}").inner_text() for each in described_by)
    assert "This is not an e-mail address." in told
    assert "Engage: is not a valid e-mail address" in told
    check(page)
    page = visit(f"/staff/contacts/{NEW}/link/", user=boss, width=width)
    page.get_by_role("button", name=f"Look at {seeds.ANNA_ID}").click()
    expect(page.get_by_role("heading", name="Is it the same person?")).to_be_visible()
    check(page)
    page = visit("/staff/contacts/imports/", user=boss, width=width)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Please choose at least one file.")).to_be_visible()
    check(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_profile_form_with_mistakes_is_accessible(visit, rich, width):
    page = visit("/me/profile/edit/", user=rich, width=width)
    page.get_by_label("E-mail").fill("nothing")
    page.get_by_label("Mobile phone").fill("1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Please check the phone number.")).to_be_visible()
    described_by = page.get_by_label("E-mail").get_attribute("aria-describedby").split()
    assert "Please check the e-mail address." in [
        page.locator(f"#{each}").inner_text() for each in described_by
    ]
    check(page)


def test_the_code_page_with_a_mistake_is_accessible(visit, alice):
    page = visit("/sign-in/", width=390)
    page.get_by_label("E-mail address").fill("alice@example.com")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill("AAAA")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That code isn’t right")).to_be_visible()
    described_by = page.get_by_label("Code").get_attribute("aria-describedby")
    expect(page.locator(f"#{described_by}")).to_contain_text("That code isn’t right")
    check(page)


def test_the_keyboard_reaches_the_content_first(visit, alice):
    page = visit("/me/", user=building.customer(alice))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#content$"))
