"""An upload that broke off where nobody can tell what Engage has: what does no harm twice goes again, the rest is asked."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.dropbox import Step
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.picking import settle
from engage_portal.fallback.spool.withdrawing import recall, withdraw
from engage_portal.fallback.spool.writing import write_next
from engage_portal.outbox.delivery.passes import deliver
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.fallback.spool.conftest import (
    TRANSACTIONS,
    come_back,
    engage_takes_all,
    only,
    sell,
    send_files,
    sign_up,
    start,
    texts,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[Step.RENAMING, Step.WRITING])
def gone(request: pytest.FixtureRequest, till: APIClient, away: None, dropbox: Path) -> SpoolFile:
    """A sale's file whose upload broke off at its last step, and that does not lie there."""
    sell(till, "101-1")
    start(by="karin")
    write_next()
    SpoolFile.objects.update(step=request.param)
    return SpoolFile.objects.get()


def _later() -> None:
    SpoolFile.objects.update(not_before=clock.now())
    send_files()


def test_a_sale_goes_again_for_it_may_never_have_left(gone: SpoolFile, dropbox: Path) -> None:
    send_files()
    assert Item.objects.get().state == State.SPOOLED

    _later()

    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]
    told = gone.events.order_by("pk").values_list("what", flat=True)
    assert list(told) == ["begun", "written", "begun again", "uploaded"]
    engage_takes_all(dropbox)
    assert Item.objects.get().state == State.ACCEPTED


def test_it_does_so_when_the_api_is_back_for_engage_may_not_show_yet_what_it_took(
    engage: Any, gone: SpoolFile, dropbox: Path
) -> None:
    send_files()
    come_back(engage)
    assert recall() == 0

    deliver(seconds=20)
    _later()

    assert engage.engage.posted("101-1") == 0
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-1"]


def test_taken_back_by_a_person_it_is_looked_for_in_engage_first(
    engage: Any, till: APIClient, away: None, dropbox: Path
) -> None:
    sign_up(till, "Frida")
    start(by="karin")
    write_next()
    SpoolFile.objects.update(step=Step.RENAMING)
    send_files()
    come_back(engage)
    assert withdraw(SpoolFile.objects.get(), by="karin")
    assert Item.objects.get().state == State.IN_DOUBT

    deliver(seconds=20)

    outcomes = Item.objects.get().attempts.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["not_found", "done"]


def test_a_redemption_is_for_a_person_to_decide(gone: SpoolFile, dropbox: Path) -> None:
    SpoolFile.objects.update(file_type="redeemedPromotions")

    send_files()

    file = SpoolFile.objects.get()
    assert file.state == SpoolFile.State.STUCK
    assert "Find out" in file.problem
    assert not list(dropbox.rglob("*.xml"))
    assert settle(file, was_taken=False, by="karin")
    _later()
    assert len(list(dropbox.rglob("*.xml"))) == 1


def test_so_is_what_is_gone_again_and_again(gone: SpoolFile, dropbox: Path) -> None:
    for _ in range(6):
        SpoolFile.objects.filter(state=SpoolFile.State.READY).update(step=Step.RENAMING)
        _later()

    assert SpoolFile.objects.get().state == SpoolFile.State.STUCK
    assert gone.events.filter(what="begun again").count() == 5


def test_tries_that_failed_for_another_reason_do_not_count_for_that(gone: SpoolFile) -> None:
    SpoolFile.objects.update(tries=6, problem="The server was away.")

    send_files()

    assert SpoolFile.objects.get().state == SpoolFile.State.READY
    assert gone.events.filter(what="begun again").count() == 1


def test_after_a_person_decided_it_is_gone_as_often_again_before_one_is_asked(gone: SpoolFile) -> None:
    for _ in range(6):
        SpoolFile.objects.update(step=Step.RENAMING)
        _later()
    assert settle(SpoolFile.objects.get(), was_taken=False, by="karin")

    SpoolFile.objects.update(step=Step.RENAMING)
    _later()

    assert SpoolFile.objects.get().state == SpoolFile.State.READY


def test_what_a_person_decided_about_is_in_doubt_too_should_it_leave_the_file(gone: SpoolFile) -> None:
    SpoolFile.objects.update(file_type="redeemedPromotions")
    send_files()
    file = SpoolFile.objects.get()
    assert settle(file, was_taken=False, by="karin")

    assert withdraw(file, by="karin")

    assert Item.objects.get().state == State.IN_DOUBT
