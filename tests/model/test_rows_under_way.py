"""Found by thinking like the machine: a row of a bulk call that is still under way is not sent a second time."""

import pytest

from contacts.models import Contact
from engage_portal.core.clock import Deadline
from engage_portal.outbox.delivery import bulk
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from tests.outbox.building import contact_created, delivered, engage_is_away, fresh, item_of, outcomes_of

pytestmark = pytest.mark.django_db
CREATE = "/api/v3/contacts"


@pytest.mark.parametrize("mode", ["up", "lost_answer"])
def test_what_was_tried_often_before_its_bulk_call_is_looked_for_as_often_as_anything(engage, settings, mode):
    settings.OUTBOX_BULK_FROM = 1
    engage.engage.configure(bulk_delay=30)
    engage_is_away()
    made = item_of(contact_created(email="erik@example.com"))
    Contact.objects.filter(pk=made.subject_id).update(created_in_store="")
    Item.objects.filter(pk=made.pk).update(looks_first=False, tries=6)
    EngageLine.objects.all().delete()
    engage.engage.faults.set(mode, endpoint=f"POST {CREATE}/bulk", times=1)
    bulk.send_where_many_wait(Deadline.after(20))
    delivered()
    assert outcomes_of(made)[-1] == "not_found"
    assert fresh(made).state == State.IN_DOUBT
    engage.engage.advance(31)
    delivered()
    assert fresh(made).state == State.DELIVERED
    assert engage.engage.count_requests("POST", CREATE) == 0
