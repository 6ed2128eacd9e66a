"""The newer of file and API counts for each offer; what was used or withdrawn comes back with a later run only."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from contacts.models import Contact
from engage_portal.engage import PromotionAssignment
from promotions.models import Assignment, Redemption, Withdrawal
from promotions.services.offers import offers_store
from tests.promotions.importing.exporting import (
    ANNA,
    KUPONG,
    ago,
    gone,
    imported,
    new,
    outcome,
    read,
    row,
    taken,
    used,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Contact:
    return Contact.objects.create(pk=ANNA, engage_contact_id=ANNA)


def listed(anna: Contact, *entries: dict, as_of: datetime) -> None:
    """Engage answered the API."""
    offers_store(contact=anna, assignments=[PromotionAssignment.read(each) for each in entries], as_of=as_of)


def entry(*, redeemed: bool = False, name: str = "By the API") -> dict:
    return {"id": KUPONG, "name": name, "redeemed": redeemed, "redemptionChannels": []}


def test_an_older_file_does_not_change_what_the_api_said_later(anna):
    listed(anna, entry(redeemed=True), as_of=ago(hours=1))
    for record in (new(), gone()):
        report = imported(record, made_at=ago(hours=2))
        assert (outcome(report), report.reasons) == ({"unchanged": 1}, {"older than the copy": 1})
    assert row().redeemed
    assert "By the API" in row().raw


def test_an_older_file_does_not_bring_back_what_the_api_no_longer_lists(anna):
    listed(anna, as_of=ago(hours=1))
    assert imported(new(), made_at=ago(hours=2)).reasons == {"older than the copy": 1}
    assert row() is None
    assert outcome(imported(new(), made_at=ago(minutes=30))) == {"new": 1}


def test_a_newer_file_adds_to_what_the_api_said(anna):
    listed(anna, entry(), as_of=ago(hours=2))
    assert outcome(imported(new(), made_at=ago(hours=1))) == {"changed": 1}
    assert '"By the API"' in row().raw
    assert "SPRING-26" in row().raw


def test_an_older_answer_of_the_api_does_not_change_what_a_newer_file_said(anna):
    imported(new(), made_at=ago(hours=1))
    listed(anna, entry(redeemed=True), as_of=ago(hours=2))
    assert not row().redeemed
    listed(anna, as_of=ago(hours=2))
    assert row() is not None
    listed(anna, as_of=ago(minutes=1))
    assert row() is None


def test_an_older_answer_of_the_api_does_not_bring_back_what_a_newer_file_withdrew(anna):
    imported(gone(), made_at=ago(hours=1))
    listed(anna, entry(), as_of=ago(hours=2))
    assert row() is None
    listed(anna, entry(), as_of=ago(minutes=1))
    assert row() is not None
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize("order", [*permutations(range(3))])
@pytest.mark.parametrize("ends", [used, gone])
def test_the_files_of_one_run_may_be_read_in_any_order(ends, order):
    """In whatever order they were made, and came."""
    at = ago(hours=1)
    moments = [at + timedelta(seconds=11 * place) for place in order]
    for told, made_at in zip((new(), ends(), new(description="Again")), moments, strict=True):
        imported(told, made_at=made_at)
    assert (row() is None) if ends is gone else row().redeemed


def test_once_used_an_older_or_equally_old_file_never_revives_it():
    imported(used(), made_at=ago(hours=1))
    for made_at in (ago(hours=2), ago(hours=1), ago(hours=1) + timedelta(minutes=5)):
        imported(new(), made_at=made_at)
        assert row().redeemed


def test_a_newer_run_revives_what_was_used_and_what_was_withdrawn():
    imported(used(), gone(str(UUID(int=7))), made_at=ago(hours=3))
    imported(new(), new(str(UUID(int=7))), made_at=ago(hours=2))
    assert not row().redeemed
    assert '"redeemedOn":null' in row().raw
    assert Assignment.objects.count() == 2
    assert not Withdrawal.objects.exists()


def test_what_was_given_and_used_between_two_runs_is_not_revived_by_the_run_that_tells_of_it(anna):
    """The API knew of the use before Engage exported that it had been given."""
    imported(new(str(UUID(int=7))), made_at=ago(hours=3))
    listed(anna, entry(redeemed=True), as_of=ago(hours=2, minutes=30))
    imported(new(), made_at=ago(hours=2))
    assert row().redeemed
    imported(new(description="Given back"), made_at=ago(hours=1))
    assert not row().redeemed


def test_the_first_file_ever_revives_nothing(anna):
    listed(anna, entry(redeemed=True), as_of=ago(hours=2))
    imported(new(), made_at=ago(hours=1))
    assert row().redeemed


def test_what_was_used_elsewhere_is_usable_again_once_engage_lists_it_so(anna):
    listed(anna, entry(redeemed=True), as_of=ago(hours=2))
    listed(anna, entry(), as_of=ago(hours=1))
    assert not row().redeemed


def test_what_was_used_here_stays_used_whatever_files_and_lists_say(anna):
    imported(new(), made_at=ago(hours=4))
    Redemption.objects.create(assignment_id=KUPONG, contact=anna, channel="POS")
    for hours in (3, 2, 1):
        imported(new(description=f"{hours}"), made_at=ago(hours=hours))
        assert row().redeemed
        listed(anna, entry(), as_of=ago(hours=hours, minutes=-1))
        assert row().redeemed
    imported(gone())
    assert row() is None
    assert Redemption.objects.get().contact == Contact.objects.get(), "the lock stays, and is sent"


def test_a_late_file_does_not_undo_a_later_one():
    later = taken(new(description="Later"), made_at=ago(hours=1))
    read(later)
    report = imported(new(description="Earlier"), made_at=ago(hours=5))
    assert report.reasons == {"older than the copy": 1}
    assert "Later" in row().raw
