"""What a record of a promotions export does to the copy, however the export is written."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings

from contacts.models import Contact, ToRefresh
from engage_portal.core import clock
from engage_portal.sandbox.exports import person
from promotions.models import Assignment, AssignmentSnapshot, Withdrawal
from promotions.selectors import assignments_for, offers_for
from tests.contacts.importing.exporting import imported as people_imported
from tests.contacts.importing.test_properties import rolled_back
from tests.engage_xml.layouts import LAYOUTS
from tests.engage_xml.test_promotions_reader import RANDOM
from tests.promotions.importing.exporting import (
    ANNA,
    KUPONG,
    TEMPLATE,
    ago,
    gone,
    imported,
    new,
    outcome,
    row,
    used,
)

pytestmark = pytest.mark.django_db
OTHER = "6d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_offer_is_kept_as_the_api_would_list_it(layout):
    assert outcome(imported(new(), used(OTHER), layout=LAYOUTS[layout])) == {"new": 2}
    contact = Contact.objects.get(engage_contact_id=ANNA)
    first, second = assignments_for(contact)
    assert first.body == {
        "id": KUPONG,
        "promotionId": TEMPLATE,
        "externalId": "SPRING-26",
        "description": "Spring lamps",
        "validFrom": "2026-04-01T00:00:00+02:00",
        "expiresOn": "2099-05-01T00:00:00+02:00",
        "redeemed": False,
        "redeemedOn": None,
        "state": "usable",
        "redemptionChannels": [
            {"type": "POS", "valueType": "PERCENT", "value": 15, "instruction": "15 % off one lamp"},
            {"type": "ECOM", "valueType": "EXTERNALOFFER", "value": "LAMP15", "instruction": None},
        ],
    }
    assert (str(second.id), second.state) == (OTHER, "redeemed")
    assert second.redeemed_on == datetime(2026, 4, 12, 7, 12, 44, 123456, tzinfo=UTC)


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(RANDOM)
def test_any_layout_of_the_same_records_gives_the_same_copy(layout):
    with rolled_back():
        assert outcome(imported(new(), used(OTHER), gone(TEMPLATE), layout=layout)) == {
            "new": 2,
            "unchanged": 1,
        }
        kept = [(str(each.pk), each.redeemed, each.raw) for each in Assignment.objects.order_by("pk")]
    with rolled_back():
        imported(new(), used(OTHER), gone(TEMPLATE))
        assert kept == [(str(each.pk), each.redeemed, each.raw) for each in Assignment.objects.order_by("pk")]


MONEY = {"type": "POS", "valuetype": "MONEY", "value": "20.00", "currency": "sek"}
VALUES = [
    (MONEY, {}, {"amount": Decimal("20.00"), "currency": "SEK"}),
    ({**MONEY, "currency": ""}, {"currency": "NOK"}, {"amount": Decimal("20.00"), "currency": "NOK"}),
    ({"type": "pos", "valuetype": "Percent", "value": "12.5"}, {}, Decimal("12.5")),
    ({"type": "POS", "valueType": "PERCENT", "value": "100.00"}, {}, 100),
    ({"type": "POS", "valuetype": "PERCENT", "value": "half"}, {}, None),
    ({"type": "E-COM", "valuetype": "EXTERNALOFFER", "value": "10OFFSHOES"}, {}, "10OFFSHOES"),
    ({"type": "OTHER", "valuetype": "MANUAL", "value": "A mug"}, {}, "A mug"),
    ({"type": "POS", "valuetype": "SWIPE"}, {}, None),
]


@pytest.mark.parametrize(("way", "more", "value"), VALUES)
def test_a_value_is_what_its_kind_makes_of_it(way, more, value):
    fields = {name: text for name, text in new().items() if name != "channels"}
    imported({**fields, "channels": [way], **more})
    (view,) = assignments_for(Contact.objects.get(engage_contact_id=ANNA))
    (said,) = view.body["redemptionChannels"]
    assert said["value"] == value
    assert said["type"] in {"POS", "ECOM", "OTHER"}
    assert said["valueType"] in {"MONEY", "PERCENT", "EXTERNALOFFER", "MANUAL", "SWIPE"}


def test_times_without_an_end_an_offset_or_sense(settings):
    settings.TIME_ZONE = "Europe/Stockholm"
    endless = {name: text for name, text in new().items() if name != "expireDateTime"}
    imported(
        endless,
        new(OTHER, validFromDate="2026-07-01T00:00:00", expireDateTime="2026-07-31T00:00:00+01:00"),
    )
    assert row().expires_on is None
    assert row(OTHER).valid_from == datetime(2026, 6, 30, 22, tzinfo=UTC), "the tenant's summer"
    assert row(OTHER).expires_on == datetime(2026, 7, 30, 23, tzinfo=UTC), "as it stands there"
    report = imported(new(TEMPLATE, expireDateTime="soon"))
    assert report.reasons == {"a field has an invalid value": 1}
    assert row(TEMPLATE).expires_on is None


def test_a_member_reads_the_offer_before_anybody_asked_engage():
    imported(new())
    (offer,) = offers_for(Contact.objects.get(engage_contact_id=ANNA))
    assert (offer.heading, offer.code, offer.state.is_usable) == ("Spring lamps", "LAMP15", True)


def test_the_same_again_changes_nothing():
    imported(new(), used(OTHER), made_at=ago(hours=2))
    before = list(Assignment.objects.order_by("pk").values())
    assert outcome(imported(new(), used(OTHER), made_at=ago(hours=1))) == {"unchanged": 2}
    assert list(Assignment.objects.order_by("pk").values()) == before


def test_what_a_record_does_not_mention_stays():
    imported(new(), made_at=ago(hours=2))
    assert outcome(imported({"told": "new", "contactId": ANNA, "couponId": KUPONG, "description": ""})) == {
        "changed": 1
    }
    (view,) = assignments_for(Contact.objects.get(engage_contact_id=ANNA))
    assert (view.body["description"], view.body["externalId"]) == (None, "SPRING-26")
    assert len(view.body["redemptionChannels"]) == 2


def test_somebody_unknown_gets_a_row_with_engages_id_and_is_fetched_later():
    imported(new(contactType="Kund"))
    contact = Contact.objects.get()
    assert (contact.pk, contact.engage_contact_id, contact.contact_type) == (UUID(ANNA), UUID(ANNA), "Kund")
    assert (contact.snapshot, contact.as_of, contact.fetched_at) == ({}, None, None)
    assert ToRefresh.objects.get().engage_contact_id == UUID(ANNA)


def test_somebody_known_keeps_what_is_known_of_them():
    people_imported(new=[person(1)])
    known = Contact.objects.get()
    imported(new(contact=str(known.engage_contact_id).upper()))
    assert Contact.objects.get().snapshot == known.snapshot
    assert row().contact_id == known.pk
    assert not ToRefresh.objects.exists()


def test_a_key_counts_where_there_is_no_contact_id(settings):
    people_imported(new=[person(1)])
    known = Contact.objects.get()
    settings.ENGAGE_KEY = "email"
    named = {name: text for name, text in new().items() if name != "contactId"}
    report = imported(
        {**named, "contactKey": known.email.upper()},
        {**named, "couponId": OTHER, "contactKey": "nobody@x.se"},
    )
    assert outcome(report) == {"new": 1, "skipped": 1}
    assert report.reasons == {"no contactId, and nobody here has the key": 1}
    assert row().contact_id == known.pk


def test_whoever_was_deleted_gets_nothing_back():
    Contact.objects.create(pk=ANNA, engage_contact_id=ANNA, deleted_at=clock.now())
    report = imported(new())
    assert (outcome(report), report.reasons) == ({"skipped": 1}, {"the contact was deleted": 1})
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (new("5000"), "couponId is no GUID"),
        (new(contact="5000"), "contactId is no GUID"),
        ({"told": "new", "couponId": KUPONG}, "no contactId, and nobody here has the key"),
    ],
)
def test_what_cannot_be_kept_is_counted(record, reason):
    report = imported(record)
    assert (outcome(report), report.reasons) == ({"skipped": 1}, {reason: 1})
    assert not Contact.objects.exists()


def test_a_record_without_a_contact_counts_for_an_assignment_that_is_known():
    imported(new(), made_at=ago(hours=1))
    assert outcome(imported({"told": "redeemed", "couponId": KUPONG})) == {"changed": 1}
    assert row().redeemed


def test_what_was_withdrawn_leaves_nothing_but_its_id():
    imported(new(description="for Anna Arkberg"), made_at=ago(hours=1))
    assert outcome(imported(gone())) == {"deleted": 1}
    assert not Assignment.objects.exists()
    assert list(Withdrawal.objects.values_list("pk", flat=True)) == [UUID(KUPONG)]
    assert {field.name for field in Withdrawal._meta.get_fields()} == {"assignment_id", "as_of"}


def test_nobody_is_made_for_a_withdrawal():
    assert outcome(imported(gone())) == {"unchanged": 1}
    assert not Contact.objects.exists()


def test_a_withdrawal_is_forgotten_once_no_older_file_can_come():
    imported(gone(), made_at=ago(days=91))
    assert not Withdrawal.objects.exists()


def test_no_list_of_engages_is_pretended():
    imported(new())
    assert not AssignmentSnapshot.objects.exists()
