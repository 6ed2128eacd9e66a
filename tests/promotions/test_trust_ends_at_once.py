"""Engage may be back between the count of what was trusted and the call: its refusal then is no loss."""

import pytest

from engage_portal.outbox.line import breaker
from promotions.models import Redemption, TrustedUse
from promotions.services import redeeming
from tests.api.talking import know_the_offers, take_down
from tests.promotions.test_trust import ENDPOINT, MONEY, POS

pytestmark = pytest.mark.django_db


def test_what_engage_refuses_at_once_does_not_count_as_given(engage, till, monkeypatch) -> None:
    know_the_offers(till)
    take_down(engage)
    real = redeeming.trust_take

    def count_and_come_back(*given) -> None:
        real(*given)
        assert TrustedUse.objects.count() == 1
        engage.engage.faults.clear()
        engage.engage.faults.set("422", endpoint=ENDPOINT)
        breaker.EngageLine.objects.all().delete()

    monkeypatch.setattr(redeeming, "trust_take", count_and_come_back)

    answer = till.post(MONEY, POS)

    assert 400 <= answer.status_code < 500, answer.content
    assert breaker.is_closed()
    assert not Redemption.objects.exists()
    assert not TrustedUse.objects.exists()
