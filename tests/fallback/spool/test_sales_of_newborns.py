"""Sales of somebody born in the outage go in a file by her key: Engage shows them, or a person hears of it."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from engage_portal.outbox import control
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from receipts.models import HistorySnapshot
from tests.fallback.spool.conftest import come_back, sell, sign_up
from tests.fallback.spool.test_afterwards import files_go, imported, look  # noqa: F401 - fixture

pytestmark = pytest.mark.django_db

CHILD = {"birthDay": "2019-03-01"}


@pytest.fixture
def sold(till: APIClient, away: None, imported: Callable[[], None], travel: Any) -> Callable[..., str]:  # noqa: F811
    """Signs Frida up and sells her a jacket; both go in files, one after the other. Her id here."""

    def run(**known: str) -> str:
        born = sign_up(till, "Frida", **known)
        sell(till, "101-1", contact={"matchKey": born, "matchKeyType": "contactId"})
        files_go()
        imported()
        travel(1.2)
        files_go()
        imported()
        return born

    return run


def _sale() -> Item:
    return Item.objects.get(kind="receipt.post")


def _gives_up_on_her() -> None:
    """A person decides that she is not wanted in Engage."""
    control.cancel(items=Item.objects.filter(kind="contact.create"), by="karin", reason="a child")


def test_whom_the_import_left_out_has_a_sale_that_a_person_hears_of(
    engage: Any, sold: Callable[..., str], travel: Any, settings: Any
) -> None:
    engage.engage.configure(minimum_age=16)
    sold(**CHILD)
    assert _sale().state == State.ACCEPTED
    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)

    look()

    assert Item.objects.get(kind="contact.create").state == State.ATTENTION
    assert (_sale().state, _sale().reason_code) == (State.ATTENTION, "ContactNotFound")


def test_also_where_she_was_given_up_before_anybody_looked(
    engage: Any, sold: Callable[..., str], travel: Any, settings: Any
) -> None:
    engage.engage.configure(minimum_age=16)
    sold(**CHILD)
    Item.objects.filter(kind="contact.create").update(state=State.ATTENTION, reason="x", finished_at=None)
    _gives_up_on_her()
    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)

    look()

    assert (_sale().state, _sale().reason_code) == (State.ATTENTION, "ContactNotFound")


def test_a_sale_of_somebody_given_up_is_not_kept_waiting_for_her(
    engage: Any, sold: Callable[..., str], travel: Any, settings: Any
) -> None:
    engage.engage.configure(minimum_age=16)
    sold(**CHILD)
    come_back(engage)
    travel(settings.OUTBOX_CONFIRM_HOURS + 1)
    look()
    _gives_up_on_her()

    control.retry(items=Item.objects.filter(kind="receipt.post"), by="karin")
    look()

    assert (_sale().state, _sale().reason_code) == (State.ATTENTION, "ContactNotInEngage")
    assert engage.engage.count_requests("POST", "/api/v3/receipts") == 0


def test_her_sale_is_found_by_her_key_before_her_id_is_known(engage: Any, sold: Callable[..., str]) -> None:
    born = sold()
    come_back(engage)
    Item.objects.filter(kind="contact.create").update(state=State.ATTENTION, reason="x", finished_at=None)

    look()

    assert _sale().state == State.DELIVERED
    (contact,) = Contact.objects.filter(email="frida@example.com")
    assert (str(contact.pk), contact.engage_contact_id) == (born, None)
    assert not HistorySnapshot.objects.exists()
