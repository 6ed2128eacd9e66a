"""A page about something that moves follows it; one about something that rests does not."""

from datetime import timedelta

import pytest
from django.urls import reverse

from engage_portal.core import clock
from engage_portal.outbox.states import State
from tests.pages import building


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "follows"), [(State.PENDING, True), (State.ATTENTION, False), (State.DELIVERED, False)]
)
def test_only_what_moves_is_asked_for_again(admin_client, state, follows):
    page = admin_client.get(reverse("staff:item", args=[building.item(state=state).pk])).text
    assert ('hx-trigger="every 3s"' in page) is follows


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "follows"), [(0, True), (9, True), (11, False), (60 * 24, False)])
def test_what_engage_accepted_is_followed_for_its_first_minutes(admin_client, minutes, follows):
    accepted_at = clock.now() - timedelta(minutes=minutes)
    item = building.item(state=State.ACCEPTED, finished_at=accepted_at)
    page = admin_client.get(reverse("staff:item", args=[item.pk])).text
    assert ('hx-trigger="every 3s"' in page) is follows
