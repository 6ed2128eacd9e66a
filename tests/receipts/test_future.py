"""A sale that has not taken place yet: a till whose clock is wrong hears of it, and no sale is lost."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from tests.api.talking import RECEIPTS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("ahead", "is_warned"), [({"hours": 23}, False), ({"hours": 25}, True), ({"days": 36500}, True)]
)
def test_a_sale_of_tomorrow_is_taken_and_the_till_told_to_look_at_its_clock(
    engage, till, receipt_body, ahead, is_warned
):
    moment = (clock.now() + timedelta(**ahead)).isoformat(timespec="seconds")
    answer = till.post(RECEIPTS, receipt_body("101-1", createdDate=moment))
    assert answer.status_code == 202
    assert ("look at the clock of the till" in answer.content.decode()) is is_warned
