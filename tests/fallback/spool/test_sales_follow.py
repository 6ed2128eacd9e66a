"""After files that staff began, sales of the people in them go by themselves: once, and only while the API is away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from engage_portal.core.clock import Deadline
from engage_portal.engage import Unavailable
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool import claiming
from engage_portal.fallback.spool.following import follow
from engage_portal.fallback.spool.starting import RULE
from engage_portal.fallback.spool.withdrawing import withdraw
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.tasks import tend
from engage_portal.outbox import pauses
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item, Outage
from engage_portal.outbox.states import State
from engage_portal.staff.spool import events, moments
from tests.conftest import client_with
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
from tests.outbox.building import probe_is_due
from tests.together import at_the_same_moment

pytestmark = pytest.mark.django_db

MARGIN = 0.26
"""Hours: a bit more than `SPOOL_MARGIN_MINUTES` is by itself."""
MINUTE = 60.0


@pytest.fixture
def frida(till: APIClient, away: None, dropbox: Path, travel: Any) -> dict[str, str]:
    """Somebody who signed up and bought a jacket in the outage, and whom Engage took in a file that Karin began."""
    born = _born(till, "Frida")
    sell(till, "101-1", contact=born)
    _begun_and_taken(dropbox)
    return born


def _born(till: APIClient, name: str) -> dict[str, str]:
    return {"matchKey": sign_up(till, name), "matchKeyType": "contactId"}


def _begun_and_taken(dropbox: Path, by: str = "karin") -> None:
    start(by=by)
    send_files()
    engage_takes_all(dropbox)


def _sales() -> dict[str, str]:
    """Number → state."""
    return dict(Item.objects.filter(kind="receipt.post").values_list("reference", "state"))


def _sent(dropbox: Path) -> list[str]:
    return texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId")


def _follow() -> int:
    return follow(Deadline.after(MINUTE))


class _Turn:
    """Its time is over as soon as anything was claimed."""

    @property
    def is_past(self) -> bool:
        return State.SPOOLED in _sales().values()


def _is_away() -> None:
    breaker.report([Unavailable("no answer")] * 3)


# ── When, and whose ──────────────────────────────────────────────────────────────────────────────────────────────


def test_they_follow_once_engage_has_had_the_time_to_import_the_file(
    frida: dict[str, str], dropbox: Path, travel: Callable[[float], None]
) -> None:
    tend()
    travel(MARGIN - 0.05)
    tend()
    assert _sales() == {"101-1": State.PENDING}

    travel(0.05)
    tend()

    assert _sent(dropbox) == ["101-1"]
    file = SpoolFile.objects.get(file_type="transactions")
    assert (file.made_by, file.is_for_outage) == ("karin", True)


def test_nobody_elses_go_with_them(
    frida: dict[str, str], till: APIClient, dropbox: Path, travel: Callable[[float], None]
) -> None:
    sell(till, "known")
    sell(till, "unknown-key", contact={"matchKey": "karl@example.com", "matchKeyType": "email"})
    sell(till, "born-later", contact=_born(till, "Greta"))
    sell(till, "101-2", contact=frida)
    travel(MARGIN)

    tend()

    assert _sent(dropbox) == ["101-1", "101-2"]
    assert Item.objects.filter(kind="contact.create", state=State.PENDING).count() == 1


def test_each_file_is_followed_by_the_sales_of_its_own_people(
    frida: dict[str, str], till: APIClient, dropbox: Path, travel: Callable[[float], None]
) -> None:
    sell(till, "gretas", contact=_born(till, "Greta"))
    travel(0.1)
    _begun_and_taken(dropbox, by="lena")

    travel(MARGIN - 0.1)
    assert _follow() == 1
    travel(0.1)
    assert _follow() == 1

    files = SpoolFile.objects.filter(file_type="transactions").order_by("number")
    assert list(files.values_list("made_by", "records")) == [("karin", 1), ("lena", 1)]


def test_what_the_file_left_out_has_no_sales_that_follow(
    till: APIClient, away: None, dropbox: Path, settings: Any, travel: Callable[[float], None]
) -> None:
    with Path(settings.ENGAGE_FILE_PROFILE).open("a") as profile:
        profile.write("minimum_age = 16\n")
    for name, members in (("Frida", {"birthDay": "2019-03-01"}), ("Greta", {})):
        born = sign_up(till, name, **members)
        sell(till, f"of {name}", contact={"matchKey": born, "matchKeyType": "contactId"})
    _begun_and_taken(dropbox)
    travel(MARGIN)

    tend()

    assert _sent(dropbox) == ["of Greta"]


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_they_follow_once(frida: dict[str, str], till: APIClient, travel: Callable[[float], None]) -> None:
    travel(MARGIN)
    tend()
    sell(till, "101-2", contact=frida)

    tend()

    assert _sales() == {"101-1": State.SPOOLED, "101-2": State.PENDING}
    assert SpoolFile.objects.filter(file_type="transactions").count() == 1


def test_a_file_without_such_sales_is_over_with_the_first_look(
    till: APIClient, away: None, dropbox: Path, travel: Callable[[float], None]
) -> None:
    born = _born(till, "Frida")
    _begun_and_taken(dropbox)
    travel(MARGIN)
    tend()
    sell(till, "101-1", contact=born)

    tend()

    assert _sales() == {"101-1": State.PENDING}
    assert not SpoolFile.objects.filter(file_type="transactions").exists()


def test_what_staff_withdraw_then_is_not_put_there_again(
    frida: dict[str, str], travel: Callable[[float], None]
) -> None:
    travel(MARGIN)
    assert _follow() == 1
    assert withdraw(SpoolFile.objects.get(file_type="transactions"), by="karin")

    tend()

    assert _sales() == {"101-1": State.PENDING}


def test_what_staff_began_once_more_and_withdrew_is_not_put_there_either(
    frida: dict[str, str], travel: Callable[[float], None]
) -> None:
    travel(MARGIN)
    start(by="karin")
    assert withdraw(SpoolFile.objects.get(file_type="transactions"), by="karin")

    tend()

    assert _sales() == {"101-1": State.PENDING}


def test_a_turn_that_ended_halfway_is_gone_on_with_but_for_what_was_withdrawn(
    till: APIClient,
    away: None,
    dropbox: Path,
    travel: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 1)
    sell(till, "fridas", contact=_born(till, "Frida"))
    sell(till, "gretas", contact=_born(till, "Greta"))
    _begun_and_taken(dropbox)
    travel(MARGIN)
    turn: Any = _Turn()
    assert follow(turn) == 1
    assert SpoolFile.objects.get(file_type="contacts").followed_at is None
    assert withdraw(SpoolFile.objects.get(file_type="transactions"), by="karin")

    assert _follow() == 1

    assert _sales() == {"fridas": State.PENDING, "gretas": State.SPOOLED}
    assert SpoolFile.objects.get(file_type="contacts").followed_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_the_same_moment_make_them_follow_once(
    frida: dict[str, str], till: APIClient, travel: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "BATCH", 1)
    for number in range(2, 9):
        sell(till, f"101-{number}", contact=frida)
    travel(MARGIN)

    assert sorted(at_the_same_moment(_follow, _follow)) == [0, 8]

    assert SpoolFile.objects.get(file_type="transactions").records == 8
    assert set(_sales().values()) == {State.SPOOLED}


# ── Not ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_when_the_api_is_back_they_go_by_it(
    frida: dict[str, str], engage: Any, travel: Callable[[float], None]
) -> None:
    come_back(engage)
    travel(MARGIN)

    tend()

    assert _sales() == {"101-1": State.PENDING}
    assert not SpoolFile.objects.filter(file_type="transactions").exists()


def test_in_the_next_outage_nobody_began_anything(
    frida: dict[str, str], engage: Any, travel: Callable[[float], None]
) -> None:
    probe_is_due()
    assert breaker.take_probe()
    assert breaker.report([None])
    travel(MARGIN)
    _is_away()
    assert Outage.objects.count() == 2

    tend()

    assert _sales() == {"101-1": State.PENDING}


@pytest.mark.parametrize("kind", ["", "receipt.post"])
def test_they_wait_while_sending_is_paused(
    frida: dict[str, str], dropbox: Path, kind: str, travel: Callable[[float], None]
) -> None:
    paused = pauses.pause(by="karin", reason="wrong prices", kind=kind)
    travel(MARGIN)
    tend()
    assert _sales() == {"101-1": State.PENDING}

    pauses.resume(by="karin", pauses=[paused])
    tend()

    assert _sent(dropbox) == ["101-1"]


def test_a_store_that_is_paused_keeps_back_its_own_alone(
    frida: dict[str, str], api_key: Callable[..., str], dropbox: Path, travel: Callable[[float], None]
) -> None:
    sell(client_with(api_key(name="other", store="102")), "102-1", contact=frida, storeExternalId="102")
    pauses.pause(by="karin", reason="wrong prices", store="102")
    travel(MARGIN)

    tend()

    assert _sent(dropbox) == ["101-1"]
    assert _sales()["102-1"] == State.PENDING


def test_a_contacts_file_that_was_withdrawn_is_followed_by_nothing(
    till: APIClient, away: None, dropbox: Path, travel: Callable[[float], None]
) -> None:
    sell(till, "101-1", contact=_born(till, "Frida"))
    start(by="karin")
    write_next()
    assert withdraw(SpoolFile.objects.get(), by="karin")
    travel(MARGIN)

    tend()

    file = SpoolFile.objects.get()
    assert (file.state, file.followed_at) == (SpoolFile.State.WITHDRAWN, None)
    assert _sales() == {"101-1": State.PENDING}


def test_one_that_engage_leaves_lying_is_followed_once_it_is_gone(
    till: APIClient, away: None, dropbox: Path, travel: Callable[[float], None], settings: Any
) -> None:
    sell(till, "101-1", contact=_born(till, "Frida"))
    start(by="karin")
    send_files()
    travel(settings.SPOOL_PICKUP_HOURS + 0.1)
    tend()
    assert SpoolFile.objects.get().state == SpoolFile.State.STUCK

    engage_takes_all(dropbox)
    tend()
    assert _sales() == {"101-1": State.PENDING}
    travel(MARGIN)
    tend()

    assert _sent(dropbox) == ["101-1"]


# ── Beside the rule ──────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_rule_began_goes_on_by_the_hour(
    till: APIClient, away: None, dropbox: Path, travel: Callable[[float], None], settings: Any
) -> None:
    sell(till, "101-1", contact=_born(till, "Frida"))
    travel(settings.SPOOL_AFTER + 0.1)
    tend()
    engage_takes_all(dropbox)
    travel(2 * MARGIN)
    tend()
    assert set(SpoolFile.objects.values_list("made_by", "file_type")) == {(RULE, "contacts")}

    travel(1)
    tend()

    assert _sent(dropbox) == ["101-1"]


def test_the_rule_is_not_put_off_by_what_followed(
    frida: dict[str, str], till: APIClient, travel: Callable[[float], None], settings: Any
) -> None:
    travel(settings.SPOOL_AFTER - 0.1)
    tend()
    assert _sales() == {"101-1": State.SPOOLED}
    sell(till, "known")

    travel(0.2)
    tend()

    assert _sales()["known"] == State.SPOOLED


# ── What is told of it ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_story_of_the_contacts_file_says_in_which_file_they_are(
    frida: dict[str, str], travel: Callable[[float], None]
) -> None:
    travel(MARGIN)
    tend()
    born, sold = SpoolFile.objects.order_by("number")

    told = {moment.title: moment.detail for moment in moments(events())}

    assert told[f"File {born.pk} is followed by sales of people in it"] == f"1 item, in file {sold.pk}."
