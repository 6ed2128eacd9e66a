"""A worker, two planners and somebody who withdraws, all at the same moment: each item goes one way."""

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.leases import held
from engage_portal.fallback.spool.withdrawing import withdraw
from engage_portal.outbox import spooling
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.outbox.building import item
from tests.together import at_the_same_moment

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_item_goes_into_one_file_or_to_one_worker() -> None:
    for _ in range(8):
        pks = [item(stream=f"contact:{number}").pk for number in range(12)]
        one, other = uuid4(), uuid4()

        spooled, again, taken = at_the_same_moment(
            lambda pks=pks, key=one: [each.pk for each in spooling.spool(pks=pks, spool_file=key)],
            lambda pks=pks, key=other: [each.pk for each in spooling.spool(pks=pks, spool_file=key)],
            lambda: [each.pk for each in claims.claim(12)],
        )

        assert set(Counter([*spooled, *again, *taken]).values()) == {1}
        rows = {row.pk: row for row in Item.objects.filter(pk__in=pks)}
        assert all(rows[pk].spool_file == one for pk in spooled)
        assert all(rows[pk].spool_file == other for pk in again)
        assert all(rows[pk].state == State.SENDING for pk in taken)
        Item.objects.all().delete()


def test_a_file_is_withdrawn_or_uploaded_and_never_both(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL_FOLDER = str(tmp_path)
    for _ in range(8):
        made = item()
        file = SpoolFile.objects.create(
            file_type="transactions", group="contactId", name="x.xml", state=SpoolFile.State.READY
        )
        spooling.spool(pks=[made.pk], spool_file=file.key)

        def take(number: int = file.pk) -> bool:
            with held(SpoolFile.objects.filter(pk=number, state=SpoolFile.State.READY)) as lease:
                if lease is None:
                    return False
                lease.keep(state=SpoolFile.State.UPLOADED)
                return True

        withdrawn, uploaded = at_the_same_moment(lambda file=file: withdraw(file, by="karin"), take)

        assert [withdrawn, uploaded].count(True) == 1
        made.refresh_from_db()
        assert made.state == (State.PENDING if withdrawn else State.SPOOLED)
        Item.objects.all().delete()
