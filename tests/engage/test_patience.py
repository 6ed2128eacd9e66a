"""Who repeats what, and when not."""

import httpx
import pytest

from engage_portal.engage import NotFound, RateLimited, Unavailable
from tests.engage.answering import CONTACT_ID, captured

GOOD = (200, captured("contact"))


@pytest.mark.parametrize("trouble", [(503, b""), (500, b""), (504, b""), (429, b""), httpx.ReadTimeout("x")])
def test_a_worker_repeats_a_read(engage, client, trouble):
    engage.answer(trouble, trouble, GOOD)
    assert client.get_contact(CONTACT_ID).id == CONTACT_ID
    assert len(engage.received) == 3
    assert len(engage.waits) == 2
    assert all(0 <= wait <= 1 for wait in engage.waits)


def test_a_read_is_tried_three_times_at_most_and_its_own_error_is_raised(engage, client):
    engage.answer((503, b""))
    with pytest.raises(Unavailable) as caught:
        client.get_contact(CONTACT_ID)
    assert caught.value.status == 503
    assert len(engage.received) == 3


def test_an_answer_that_will_not_change_is_not_asked_for_again(engage, client):
    engage.answer((404, b""))
    with pytest.raises(NotFound):
        client.get_contact(CONTACT_ID)
    assert len(engage.received) == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda c: c.create_contact({}, source="", store_external_id=""),
        lambda c: c.update_contact(CONTACT_ID, changes={}),
        lambda c: c.delete_contact(CONTACT_ID),
        lambda c: c.redeem_voucher("v1"),
        lambda c: c.post_receipt(b"{}"),
        lambda c: c.bulk_create_contacts([{}], contact_type=None),
    ],
)
@pytest.mark.parametrize("trouble", [(503, b""), (429, b""), httpx.ConnectError("x")])
def test_a_write_is_never_repeated(engage, client, write, trouble):
    engage.answer(trouble)
    with pytest.raises((Unavailable, RateLimited)):
        write(client)
    assert len(engage.received) == 1
    assert engage.waits == []


def test_nothing_is_repeated_for_somebody_who_waits(engage, client):
    engage.answer((503, b""), GOOD)
    with pytest.raises(Unavailable):
        client.within(1).get_contact(CONTACT_ID)
    assert len(engage.received) == 1


def test_a_short_wait_asked_for_is_kept(engage, client):
    engage.answer((429, b"", {"retry-after": "2"}), GOOD)
    client.get_contact(CONTACT_ID)
    assert 2 <= engage.waits[0] <= 3


@pytest.mark.parametrize("seconds", [5, 60])
def test_a_long_wait_asked_for_is_left_to_the_queue(engage, client, seconds):
    engage.answer((429, b"", {"retry-after": str(seconds)}), GOOD)
    with pytest.raises(RateLimited) as caught:
        client.get_contact(CONTACT_ID)
    assert caught.value.retry_after == seconds
    assert engage.waits == []


def test_every_time_out_is_capped_for_somebody_who_waits(engage, client):
    client.within(0.5).redeem_voucher("v1")
    assert engage.last.extensions["timeout"] == {"connect": 0.5, "read": 0.5, "write": 0.5, "pool": 0.5}
    client.redeem_voucher("v1")
    assert engage.last.extensions["timeout"] == {"connect": 3.0, "read": 30.0, "write": 30.0, "pool": 3.0}


def test_a_view_within_a_view_never_gains_time(engage, client):
    client.within(0.5).within(5).redeem_voucher("v1")
    assert engage.last.extensions["timeout"]["read"] == 0.5


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_with_no_time_left_nothing_is_sent(engage, client, seconds):
    with pytest.raises(Unavailable) as caught:
        client.within(seconds).redeem_voucher("v1")
    assert not caught.value.may_have_taken_effect
    assert engage.received == []


def test_closing_a_view_leaves_the_pool_open(engage, client):
    with client.within(1) as view:
        view.redeem_voucher("v1")
    client.redeem_voucher("v1")
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.redeem_voucher("v1")
