"""Fields that a till makes up cannot make a record somebody else's, nor spoil a file for others."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.fallback.spool.conftest import CONTACTS, send_files, sign_up, start, texts
from tests.fallback.spool.test_afterwards import ANNA, _goes_away, files_go

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["contactId", "ContactID"])
def test_a_change_never_becomes_somebody_elses(
    engage: Any, till: APIClient, dropbox: Path, name: str
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    _goes_away(engage)
    body = {name: seeds.BENGT_ID, "city": "Kiruna"}
    assert till.patch(f"/api/v3/contacts/{ANNA}", body).status_code == 202

    files_go()

    assert not list((dropbox / CONTACTS).iterdir())
    assert Item.objects.get().state == State.PENDING  # by the API Engage says what it thinks of it


@pytest.mark.parametrize("name", ["contactId", "x y", "a:b", "{urn:x}y", "\x00"])
def test_a_sign_up_with_strange_fields_does_not_hold_up_the_others(
    till: APIClient, away: None, dropbox: Path, name: str
) -> None:
    body = {"firstName": "Eve", "email": "eve@example.com", "countryCode": "SE", name: seeds.BENGT_ID}
    till.post("/api/v3/contacts", body)
    sign_up(till, "Frida")

    start(by="karin")
    send_files()

    sent = [found for path in (dropbox / CONTACTS).iterdir() for found in texts(path, "firstName")]
    assert "Frida" in sent
    assert not any(seeds.BENGT_ID in path.read_text() for path in (dropbox / CONTACTS).iterdir())
