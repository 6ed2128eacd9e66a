"""A page about something that moves follows it; one about something that rests does not."""

import pytest
from django.urls import reverse

from engage_portal.outbox.states import State
from tests.pages import building


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "follows"), [(State.PENDING, True), (State.ATTENTION, False), (State.DELIVERED, False)]
)
def test_only_what_moves_is_asked_for_again(admin_client, state, follows):
    page = admin_client.get(reverse("staff:item", args=[building.item(state=state).pk])).text
    assert ('hx-trigger="every 3s"' in page) is follows
