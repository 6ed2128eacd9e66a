"""What was kept for a caller who hears Engage's refusal goes in the transaction that records it."""

import pytest
from django.db import transaction

from contacts.models import Contact
from engage_portal.outbox.delivery import recording
from engage_portal.outbox.models import Item
from engage_portal.sandbox import seeds
from promotions.models import Redemption

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dying(monkeypatch):
    """A process that dies just before the outcome is committed."""

    def die(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(recording.Attempt.objects, "bulk_create", die)


@pytest.mark.parametrize(
    ("path", "body", "rows"),
    [
        ("/api/v3/contacts", {"email": "ghost@example.com"}, Contact),
        (
            f"/api/v3/promotion-assignments/{seeds.ANNA_MONEY_ID}/redeem",
            {"redemptionChannel": "POS"},
            Redemption,
        ),
    ],
)
def test_a_death_in_between_leaves_the_lease_and_the_row_together(engage, till, dying, path, body, rows):
    engage.engage.faults.set("422")
    with pytest.raises(KeyboardInterrupt):
        till.post(path, body)
    assert Item.objects.get().state == "sending"
    assert rows.objects.count() == 1
    assert not transaction.get_connection().in_atomic_block


def test_a_refused_sign_up_and_a_refused_redemption_leave_nothing(engage, till):
    engage.engage.faults.set("422")
    assert till.post("/api/v3/contacts", {"email": "ghost@example.com"}).status_code == 422
    redeemed = till.post(
        f"/api/v3/promotion-assignments/{seeds.ANNA_MONEY_ID}/redeem", {"redemptionChannel": "POS"}
    )
    assert redeemed.status_code == 422
    assert not Contact.objects.filter(email="ghost@example.com").exists()
    assert not Redemption.objects.exists()
    assert set(Item.objects.values_list("state", flat=True)) == {"cancelled"}
