"""While items still come into a file nobody writes it: what comes too late for a file goes into another one."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import claiming, writing
from engage_portal.fallback.spool.withdrawing import withdraw
from engage_portal.fallback.spool.writing import write_next
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import TRANSACTIONS, sell, send_files, start, texts

pytestmark = pytest.mark.django_db
SALES = ["101-1", "101-2", "101-3"]


@pytest.fixture
def between_batches(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen after each batch of one that is claimed."""
    monkeypatch.setattr(claiming, "BATCH", 1)
    real = claiming.fits

    def have(happen: Callable[[], object]) -> None:
        def fits(*which: Any) -> Iterator[tuple[int, list[claiming.Fit]]]:
            for batch in real(*which):
                yield batch
                happen()

        monkeypatch.setattr(claiming, "fits", fits)

    return have


def _halted() -> None:
    """As if the claiming process had been stopped for some minutes."""
    SpoolFile.objects.filter(lease_until__isnull=False).update(lease_until=clock.now() - timedelta(seconds=1))


def _all_sold(till: APIClient) -> None:
    for number in SALES:
        sell(till, number)


def _sent(dropbox: Path) -> list[str]:
    return sorted(
        name for path in (dropbox / TRANSACTIONS).iterdir() for name in texts(path, "uniqueReceiptId")
    )


def test_a_worker_does_not_write_a_file_that_others_still_fill(
    till: APIClient, away: None, dropbox: Path, between_batches: Any
) -> None:
    _all_sold(till)
    between_batches(send_files)

    start(by="karin")
    send_files()

    assert _sent(dropbox) == SALES
    assert SpoolFile.objects.count() == 1


def test_after_a_long_halt_what_is_claimed_goes_into_another_file(
    till: APIClient, away: None, dropbox: Path, between_batches: Any
) -> None:
    def go_on_without() -> None:
        _halted()
        send_files()

    _all_sold(till)
    between_batches(go_on_without)

    start(by="karin")
    send_files()

    assert _sent(dropbox) == SALES
    assert SpoolFile.objects.count() == len(SALES)


def test_a_file_that_was_withdrawn_meanwhile_takes_no_more(
    till: APIClient, away: None, dropbox: Path, between_batches: Any
) -> None:
    def take_the_first_back() -> None:
        _halted()
        withdraw(SpoolFile.objects.order_by("number")[0], by="karin")

    _all_sold(till)
    between_batches(take_the_first_back)

    start(by="karin")
    send_files()

    assert _sent(dropbox) == SALES
    assert not Item.objects.exclude(state=State.SPOOLED).exists()


def test_who_writes_a_file_that_was_withdrawn_in_a_long_halt_stops(
    till: APIClient, away: None, dropbox: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(till, "101-1")
    start(by="karin")

    def halt(*_: Any) -> list[Any]:
        _halted()
        assert withdraw(SpoolFile.objects.get(), by="karin")
        return []

    monkeypatch.setattr(writing, "check_file", halt)

    write_next()

    assert SpoolFile.objects.get().state == SpoolFile.State.WITHDRAWN
    assert list(Path(settings.SPOOL_FOLDER).iterdir()) == []
