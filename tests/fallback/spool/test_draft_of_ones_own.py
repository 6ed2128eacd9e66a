"""Who stood still for longer than a lease while writing does not write into what others wrote meanwhile."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import writing
from engage_portal.fallback.spool.writing import write_next
from tests.fallback.spool.conftest import only, sign_up, start

pytestmark = pytest.mark.django_db


def test_a_released_file_stays_as_it_was_checked(
    till: APIClient, away: None, dropbox: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        sign_up(till, f"Person{number:03d}")
    start(by="karin")
    write = writing.write_file
    asked = []

    def stand_still(*some: Any, **more: Any) -> Any:
        """The first one's last bytes are not on the disk yet."""
        written = write(*some, **more)
        asked.append(written)
        if len(asked) == 1:
            SpoolFile.objects.update(lease_until=clock.now() - timedelta(seconds=1))
            contact = Contact.objects.earliest("pk")
            contact.changes = {**contact.changes, "firstName": "Somebody-with-a-longer-name"}
            contact.save()
            write_next()
        return written

    monkeypatch.setattr(writing, "write_file", stand_still)

    write_next()

    file = SpoolFile.objects.get()
    assert (file.state, len(asked)) == (SpoolFile.State.READY, 2)
    assert sha256(only(Path(settings.SPOOL_FOLDER)).read_bytes()).hexdigest() == file.digest
