from datetime import timedelta

import pytest

from engage_portal.sandbox import seeds
from engage_portal.sandbox.state import TENANT_ZONE

CHANGES = "/api/v3/contacts/changes"


def _around(engage, minutes):
    moment = engage.now().astimezone(TENANT_ZONE) + timedelta(minutes=minutes)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def test_changes_are_ids_by_kind_and_window(api, engage):
    start = _around(engage, -5)
    made = api.post("/api/v3/contacts", json={"email": "erik@example.com"}).json()["id"]
    for city in ("Uppsala", "Umeå"):
        api.patch(f"/api/v3/contacts/{seeds.ANNA_ID}", json={"city": city})
    api.delete(f"/api/v3/contacts/{seeds.BENGT_ID}")

    def changed(kind, **window):
        return api.get(CHANGES, params={"changeType": kind, "fromDate": start, **window}).json()

    assert changed("Created") == [made]
    assert changed("Updated") == [seeds.ANNA_ID]
    assert changed("Deleted") == [seeds.BENGT_ID]
    assert changed("Created", toDate=_around(engage, -1)) == []


def test_too_many_are_400(api, engage):
    engage.configure(changes_limit=0)
    api.post("/api/v3/contacts", json={"email": "erik@example.com"})
    answer = api.get(CHANGES, params={"changeType": "Created", "fromDate": _around(engage, -5)})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"changeType": "Created"},
        {"changeType": "All", "fromDate": "2026-01-01 00:00:00.000"},
        {"changeType": "Created", "fromDate": "2026-01-01T00:00:00Z"},
        {"changeType": "Created", "fromDate": "2026-13-01 00:00:00.000"},
    ],
)
def test_a_malformed_window_is_400(api, query):
    assert api.get(CHANGES, params=query).status_code == 400
