"""Whatever people are like, and in whatever order things happen, the copy ends as the rules say."""

import contextlib
import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from contacts.services import Asked, contact_update
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError
from engage_portal.outbox.models import Item
from engage_portal.sandbox import exports, seeds
from tests.api.talking import bring_up, deliver_all, take_down
from tests.contacts.importing.exporting import by_engage_id, imported, outcome
from tests.outbox.building import anna

pytestmark = pytest.mark.django_db
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"], exclude_characters="\ufffe\uffff"),
    max_size=30,
)
PERSON = st.fixed_dictionaries(
    {"firstName": TEXT},
    optional={
        "lastName": TEXT,
        "street": TEXT,
        "careOf": TEXT,
        "favourite.colour": TEXT,
        "memberNumber": TEXT,
    },
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(PERSON, min_size=1, max_size=6))
def test_what_is_exported_is_what_the_copy_has(people):
    """import(export(x)) is x, and a second time nothing changes."""
    given_ = [
        {"contactId": exports.guid(number), "email": f"p{number}@example.org", **fields}
        for number, fields in enumerate(people, start=1)
    ]
    with rolled_back():
        assert outcome(imported(new=given_)) == {"new": len(people)}
        for each in given_:
            wanted = {name: text for name, text in each.items() if name != "contactId"}
            assert by_engage_id(each["contactId"]).snapshot == wanted
        assert outcome(imported(updated=given_)) == {"unchanged": len(people)}


@contextlib.contextmanager
def rolled_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


STEPS = ("change here", "change there", "deliver", "import", "down", "up")
START = datetime(2026, 11, 21, 10, 14, tzinfo=UTC)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(STEPS), min_size=3, max_size=10))
def test_any_order_of_changes_here_and_there_deliveries_and_imports_ends_in_the_two_way_rule(
    sandbox_server, steps
):
    """A change here wins until Engage has it; then Engage wins. Nothing that is imported is queued."""
    with time_machine.travel(START, tick=False) as time, rolled_back():
        story(Portal(sandbox_server, time), steps)


@pytest.fixture(autouse=True)
def portal(engage):
    """The portal is connected to a fresh Engage."""
    return engage


class Portal:
    """Anna in the portal and in Engage."""

    def __init__(self, server, time) -> None:
        self.sandbox, self.time = server.app, time
        self.sandbox.engage.reset()
        self.values = (f"Stad {number}" for number in itertools.count())
        anna()

    @property
    def there(self) -> str:
        return self.sandbox.engage.contacts[seeds.ANNA_ID]["attributes"]["city"]

    def do(self, step: str) -> None:
        self.time.shift(timedelta(seconds=2))
        if step == "change here":
            contact = Contact.objects.get(engage_contact_id=seeds.ANNA_ID)
            with contextlib.suppress(EngageError):
                contact_update(
                    contact=contact, body={"city": next(self.values)},
                    asked=Asked(actor="till", store="101"), deadline=Deadline.after(20),
                )  # fmt: skip
        elif step == "change there":
            record = self.sandbox.engage.contacts[seeds.ANNA_ID]
            attributes = {**record["attributes"], "city": next(self.values)}
            self.sandbox.engage.store.put("contact", seeds.ANNA_ID, {**record, "attributes": attributes})
        elif step == "deliver":
            deliver_all()
        elif step == "down":
            take_down(self.sandbox)
        elif step == "up":
            bring_up(self.sandbox)
        else:
            queued = list(Item.objects.order_by("pk").values_list("pk", "fields", "state"))
            made_at = clock.now()
            imported(updated=[{"contactId": seeds.ANNA_ID, "city": self.there}], made_at=made_at)
            assert list(Item.objects.order_by("pk").values_list("pk", "fields", "state")) == queued


def story(portal: Portal, steps: list[str]) -> None:
    for step in steps:
        portal.do(step)
        contact = Contact.objects.get(engage_contact_id=seeds.ANNA_ID)
        assert Contact.objects.count() == 1
        if "city" in contact.changes:
            assert contact.data["city"] == contact.changes["city"]
            assert Item.objects.open().exists()
        elif step == "import":
            assert contact.data["city"] == portal.there
    portal.do("up")
    portal.do("deliver")
    portal.do("import")
    contact = Contact.objects.get(engage_contact_id=UUID(seeds.ANNA_ID))
    assert (contact.changes, contact.data["city"]) == ({}, portal.there)
    assert contact.email == "anna@example.com"
