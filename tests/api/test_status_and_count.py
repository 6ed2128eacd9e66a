"""The connection test, and what the portal says about itself."""

import pytest

from engage_portal.engage.wire import decode
from tests.api.talking import COUNT, RECEIPTS, STATUS, bring_up, code_of, deliver_all, take_down

pytestmark = pytest.mark.django_db


def test_count_is_engages_bare_number(engage, till):
    answer = till.get(COUNT)
    assert (answer.status_code, answer.content) == (200, b"5")


@pytest.mark.parametrize("mode", ["down", "500", "html503", "429"])
def test_count_is_503_with_a_wait_while_engage_is_away(engage, till, mode):
    engage.engage.faults.set(mode)
    answer = till.get(COUNT)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_status_tells_engages_state_what_waits_and_the_notice(engage, till, receipt_body, settings):
    up = till.get(STATUS).json()
    assert up["engage"]["isUp"] is True
    assert (up["notice"], up["level"], up["outbox"]) == (
        "",
        settings.ENGAGE_LEVEL,
        {"waiting": 0, "attention": 0},
    )
    take_down(engage)
    till.post(RECEIPTS, receipt_body("101-1"))
    till.post(RECEIPTS, receipt_body("101-2", article="REFUSE"))
    down = till.get(STATUS).json()
    assert down["engage"]["isUp"] is False
    assert down["engage"]["downSince"]
    assert down["engage"]["lastError"]
    assert down["engage"]["nextTryAt"]
    assert "proceed with your purchase" in down["notice"]
    assert down["outbox"] == {"waiting": 2, "attention": 0}
    bring_up(engage)
    deliver_all()
    back = till.get(STATUS).json()
    assert (back["engage"]["isUp"], back["notice"], back["outbox"]) == (
        True,
        "",
        {"waiting": 0, "attention": 1},
    )


def test_status_asks_nobody(engage, till):
    till.get(STATUS)
    assert not engage.engage.requests


def test_answers_are_json_to_the_digit(engage, till):
    assert decode(till.get(STATUS).content)["version"]
