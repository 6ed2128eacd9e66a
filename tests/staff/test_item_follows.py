"""A page about something that moves follows it; one about something that rests does not."""

import pytest
from django.urls import reverse

from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "follows"), [(State.PENDING, True), (State.ATTENTION, False), (State.DELIVERED, False)]
)
def test_only_what_moves_is_asked_for_again(admin_client, state, follows):
    from engage_portal.core import clock

    finished = clock.now() if state == State.DELIVERED else None
    item = Item.objects.create(
        kind="receipt.post", subject_id="430d3329-7eef-45c0-87f9-ae9300a0dace", stream="receipt:1", state=state,
        reason="Engage said no.", finished_at=finished,
    )  # fmt: skip
    page = admin_client.get(reverse("staff:item", args=[item.pk])).content.decode()
    assert ('hx-trigger="every 3s"' in page) is follows
