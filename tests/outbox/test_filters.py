from uuid import uuid4

import pytest

from engage_portal.core import clock
from engage_portal.outbox.filters import ItemFilter
from engage_portal.outbox.models import Item, Outage
from engage_portal.outbox.states import State
from tests.outbox.building import item

pytestmark = pytest.mark.django_db


def found(**wanted) -> set[int]:
    chosen = ItemFilter(wanted, queryset=Item.objects.all())
    assert chosen.is_valid(), chosen.errors
    return {each.pk for each in chosen.qs}


def test_without_a_filter_everything_is_shown():
    made = {item().pk, item(state=State.DELIVERED).pk}
    assert found() == made
    assert found(text="", store="", kind="") == made


def test_several_states_may_be_chosen():
    wanted = {item(state=State.ATTENTION).pk, item(state=State.IN_DOUBT).pk}
    item()
    assert found(state=["attention", "in_doubt"]) == wanted


def test_a_kind_and_a_store_narrow_it():
    wanted = item(kind="contact.create", store="101")
    item(kind="contact.create", store="1010")
    item(kind="receipt.post", store="101")
    assert found(kind="contact.create", store="101") == {wanted.pk}


@pytest.mark.parametrize("text", ["101-", " 101-7", "101-77"])
def test_a_reference_is_found_by_its_beginning(text):
    wanted = item(reference="101-77")
    item(reference="X-101-77")
    assert found(text=text) == {wanted.pk}


def test_a_number_finds_the_item_and_what_is_called_so():
    one = item(reference="A")
    other = item(reference=f"{one.pk}-receipt")
    item(reference="B")
    assert found(text=str(one.pk)) == {one.pk, other.pk}


@pytest.mark.parametrize("text", ["validationerror", "ValidationError", "is blocked", "IS BLOCKED"])
def test_a_reason_is_found_by_its_code_or_a_part_of_its_words(text):
    wanted = item(
        state=State.ATTENTION, reason_code="ValidationError", reason="Article X is blocked in Engage"
    )
    item(state=State.ATTENTION, reason_code="NotFound", reason="There is none")
    assert found(text=text) == {wanted.pk}


@pytest.mark.parametrize(
    "text", ["%", "_", "9" * 400, "٣", "²", "'; DROP TABLE", "\\", "no such thing", "-1"]
)
def test_strange_texts_find_nothing_and_break_nothing(text):
    item(reference="101-1", state=State.ATTENTION, reason="Refused")
    assert found(text=text) == set()


@pytest.mark.parametrize(
    "wanted", [{"state": "lost"}, {"kind": "no.kind"}, {"text": "a\x00b"}, {"store": "\x00"}]
)
def test_senseless_filters_are_refused(wanted):
    item()
    assert not ItemFilter(wanted, queryset=Item.objects.all()).is_valid()


def test_every_registered_kind_can_be_chosen():
    from engage_portal.outbox.registry import kinds

    for handler in kinds():
        wanted = item(kind=handler.kind)
        assert found(kind=handler.kind) == {wanted.pk}


def test_an_outage_stands_for_what_was_kept_in_it():
    now = clock.now()
    before, kept, after = item(), item(), item()
    outage = Outage.objects.create(
        cause="errors", began_at=now, opened_at=now, ended_at=now, first_item=kept.pk, last_item=kept.pk
    )
    assert found(outage=str(outage.pk)) == {kept.pk}
    assert found(outage="") == {before.pk, kept.pk, after.pk}


def test_a_file_stands_for_what_it_has_or_had_last():
    here, there = uuid4(), uuid4()
    spooled = item(state=State.SPOOLED, channel="file", spool_file=here)
    withdrawn = item(spool_file=here)
    item(spool_file=there)
    assert found(file=str(here)) == {spooled.pk, withdrawn.pk}
    assert found(file="17") == set()


@pytest.mark.parametrize("outage", ["0", "-1", "x", "9" * 30, "٣"])
def test_an_outage_that_nobody_remembers_has_kept_nothing(outage):
    item()
    assert found(outage=outage) == set()
