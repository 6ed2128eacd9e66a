"""Many contacts at once, and the feed of changes."""

import json
from datetime import UTC, datetime

import pytest

from engage_portal.engage import AuthFailed, NotFound, Rejected, Unavailable
from tests.engage.answering import CONTACT_ID, HTML

BATCH = "6b2f3f4e-3c1b-4a39-9f39-5f1a8a2f9f10"


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "body", [f'"{BATCH}"', f'{{"batchId": "{BATCH}", "status": "Queued"}}', BATCH, f'{{"Id":"{BATCH}"}}']
)
def test_a_bulk_creation_is_a_bare_array_and_answers_a_batch(engage, client, status, body):
    engage.answer((status, body.encode()))
    rows = [{"email": "anna@example.com"}, {"email": "berit@example.com"}]
    assert client.bulk_create_contacts(rows, contact_type="Contact") == BATCH
    assert engage.line == "POST /api/v3/contacts/bulk?contactType=Contact"
    assert json.loads(engage.last.content) == rows


def test_a_bulk_update_can_spare_the_exports(engage, client):
    engage.answer((202, f'"{BATCH}"'.encode()))
    client.bulk_update_contacts([{"email": "a@b.se"}], contact_type="Member", avoid_triggering_export=True)
    assert engage.line == "PATCH /api/v3/contacts/bulk?contactType=Member&avoidTriggeringExport=true"
    client.bulk_update_contacts([{"email": "a@b.se"}], contact_type="Member")
    assert engage.line == "PATCH /api/v3/contacts/bulk?contactType=Member"


@pytest.mark.parametrize("amount", [0, 4001])
def test_a_batch_of_the_wrong_size_is_never_sent(engage, client, amount):
    with pytest.raises(ValueError, match="1 to 4000"):
        client.bulk_create_contacts([{}] * amount, contact_type="Member")
    assert engage.received == []


def test_a_batch_may_hold_4000(engage, client):
    engage.answer((202, f'"{BATCH}"'.encode()))
    assert client.bulk_create_contacts([{}] * 4000, contact_type="Member") == BATCH


@pytest.mark.parametrize("body", [b"", HTML, b"{}", b'""', b"\xe5"])
def test_a_batch_without_an_id_may_have_been_taken_in(engage, client, body):
    engage.answer((202, body))
    with pytest.raises(Unavailable) as caught:
        client.bulk_create_contacts([{}], contact_type="Member")
    assert caught.value.may_have_taken_effect


def test_the_status_of_a_batch_is_kept_as_it_is(engage, client):
    engage.answer((200, b'{"state": "Done", "rows": 2}'))
    assert client.bulk_status(BATCH) == {"state": "Done", "rows": 2}
    assert engage.line == f"GET /api/v2/contacts/bulk/status?batchId={BATCH}"
    engage.answer((200, b'"Completed"'))
    assert client.bulk_status(BATCH) == {"status": "Completed"}


def test_an_unknown_batch_is_not_found(engage, client):
    engage.answer((404, b""))
    with pytest.raises(NotFound):
        client.bulk_status(BATCH)


def test_changes_are_asked_for_in_wall_clock_time(engage, client):
    engage.answer((200, json.dumps([CONTACT_ID.upper(), CONTACT_ID, {"id": BATCH}, 7, None, ""]).encode()))
    found = client.list_changed_contacts(
        "Updated",
        since=datetime(2023, 5, 4, 11, 5, 0, 123456, tzinfo=UTC),
        until=datetime(2023, 5, 4, 12, 5, tzinfo=UTC),
    )
    assert found == [CONTACT_ID, BATCH]
    assert engage.line == (
        "GET /api/v3/contacts/changes?changeType=Updated"
        "&fromDate=2023-05-04%2011%3A05%3A00.123&toDate=2023-05-04%2012%3A05%3A00.000"
    )


def test_the_end_of_the_window_may_be_left_out(engage, client):
    engage.answer((200, b"[]"))
    assert client.list_changed_contacts("Deleted", since=datetime(2023, 5, 4, tzinfo=UTC)) == []
    assert engage.line.endswith("?changeType=Deleted&fromDate=2023-05-04%2000%3A00%3A00.000")


@pytest.mark.parametrize(("status", "error"), [(400, Rejected), (403, AuthFailed), (404, NotFound)])
def test_a_feed_that_is_too_long_or_switched_off_says_so(engage, client, status, error):
    engage.answer((status, b""))
    with pytest.raises(error):
        client.list_changed_contacts("Created", since=datetime(2023, 5, 4, tzinfo=UTC))
