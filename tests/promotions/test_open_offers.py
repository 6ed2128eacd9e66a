"""Open offers: what anybody gets while Engage is away and members' own offers cannot be had."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from engage_portal.core import clock
from engage_portal.outbox.line import breaker
from engage_portal.sandbox import seeds
from promotions.models import OpenOffer
from tests.api.talking import CHECKOUT, STATUS, bring_up, take_down
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def offers() -> None:
    now, day = clock.now(), timedelta(days=1)
    OpenOffer.objects.create(heading="Ten per cent", language="en", code="SORRY10", ends_at=now + day)
    OpenOffer.objects.create(heading="Tio procent", language="sv", position=1)
    OpenOffer.objects.create(heading="A coffee", store="101", position=2)
    OpenOffer.objects.create(heading="Elsewhere", store="102")
    OpenOffer.objects.create(heading="Over", begins_at=now - 2 * day, ends_at=now - day)
    OpenOffer.objects.create(heading="Not yet", begins_at=now + day)


def shown(answer) -> list[str]:
    return [offer["heading"] for offer in answer.json()["openOffers"]]


def test_while_engage_answers_there_are_none(engage, till, offers):
    assert shown(till.get(STATUS)) == []
    assert shown(till.post(CHECKOUT, {"email": seeds.ANNA_EMAIL})) == []


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        ("", ["Ten per cent", "Tio procent", "A coffee"]),
        ("sv-SE", ["Tio procent", "A coffee"]),
        ("en", ["Ten per cent", "A coffee"]),
    ],
)
def test_while_it_is_away_a_store_gets_its_own_in_the_asked_language(
    engage, till, offers, language, headings
):
    take_down(engage)
    assert shown(till.get(STATUS, {"language": language})) == headings
    answer = till.post(CHECKOUT, {"email": "nobody@example.com", "language": language})
    assert shown(answer) == headings
    assert answer.json()["openOffers"][0]["code"] == ("SORRY10" if language != "sv-SE" else "")
    bring_up(engage)
    assert breaker.is_closed()
    assert shown(till.get(STATUS)) == []


def test_the_notice_speaks_the_asked_language(engage, till):
    assert till.get(STATUS).json()["notice"] == ""
    take_down(engage)
    assert "You can proceed" in till.get(STATUS).json()["notice"]
    assert "slutföra ditt köp" in till.get(STATUS, {"language": "sv"}).json()["notice"]


def test_an_offer_ends_after_it_begins():
    now = clock.now()
    with pytest.raises(ValidationError, match="end after it begins"):
        OpenOffer(heading="Never", begins_at=now, ends_at=now).full_clean()


def test_staff_who_may_write_them_in_the_administration(client):
    writer = signed_in(building.staff("olle", "add_openoffer", "view_openoffer"))
    assert writer.get("/admin/promotions/openoffer/add/").status_code == 200
    assert (
        signed_in(building.staff("vera", "view_item")).get("/admin/promotions/openoffer/add/").status_code
        == 403
    )
