"""`outages`: when Engage was away, and what was kept meanwhile."""

from datetime import timedelta

import pytest

from engage_portal.core import clock
from tests.outbox.building import item
from tests.outbox_commands.running import outbox
from tests.pages import building

pytestmark = pytest.mark.django_db


def test_a_portal_without_an_outage_says_so():
    said = outbox("outages")
    assert (said.out, said.err, said.code) == ("", "Engage has not been away.\n", 0)
    assert outbox("outages", "--json").document == {"outages": []}


def test_the_newest_stands_first_with_how_long_what_and_why():
    now = clock.now()
    old = building.outage(kept={"receipt.post": 7, "contact.create": 1}, emptied_at=now, error="GET /x: 503")
    kept = item()
    present = building.outage(
        began_at=now - timedelta(hours=2), ended_at=None, last_item=None, first_item=kept.pk, cause="key"
    )
    said = outbox("outages")
    assert [row[0] for row in said.rows] == ["Number", str(present.pk), str(old.pk)]
    assert [row[2] for row in said.rows[1:]] == ["2 hours so far", "35 minutes"]
    assert [row[3] for row in said.rows[1:]] == ["1", "8"]
    assert [row[5] for row in said.rows[1:]] == [
        "Engage refused the portal’s key",
        "Engage did not answer: GET /x: 503",
    ]
    told = outbox("outages", "--json", "--limit", 1).document["outages"]
    assert [(each["id"], each["cause"], each["endedAt"], each["kept"]) for each in told] == [
        (present.pk, "key", None, {"receipt.post": 1})
    ]


def test_what_was_kept_in_one_is_listed_by_its_number():
    item()
    kept = item()
    outage = building.outage(first_item=kept.pk, last_item=kept.pk)
    document = outbox("list", "--outage", outage.pk, "--json").document
    assert [each["id"] for each in document["items"]] == [kept.pk]
    assert outbox("list", "--outage", outage.pk + 1).err == "No item is like that.\n"
