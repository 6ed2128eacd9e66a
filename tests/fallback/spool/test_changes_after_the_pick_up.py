"""A change that a file took along may be in Engage: what a person says afterwards is compared with that, not our copy."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from tests.fallback.spool.conftest import come_back
from tests.fallback.spool.test_afterwards import ANNA, _goes_away, files_go, imported, look  # noqa: F401 - fixture

pytestmark = pytest.mark.django_db


def test_what_is_changed_back_after_the_pick_up_reaches_engage(
    engage: Any,
    till: APIClient,
    imported: Callable[[], None],  # noqa: F811
    travel: Any,
) -> None:
    assert till.get(f"/api/v3/contacts/{ANNA}").status_code == 200
    before = Contact.objects.get(engage_contact_id=ANNA).snapshot["city"]
    _goes_away(engage)
    assert till.patch(f"/api/v3/contacts/{ANNA}", {"city": "Kiruna"}).status_code == 202
    files_go()
    imported()
    for city in ("Falun", before):
        assert till.patch(f"/api/v3/contacts/{ANNA}", {"city": city}).status_code == 202

    come_back(engage)
    travel(1)  # a newer change waits until the file is imported
    look()

    assert engage.engage.contacts[ANNA]["attributes"]["city"] == before
