"""A day without Engage's API: what shops did goes in files over SFTP, and what had not left by the evening by calls.

`DAY_RECEIPTS=3000 pytest tests/fallback/chaos/test_a_day_by_files.py` is a whole day (`make soak`): 200 people sign up,
and 50 offers are used. In the gate it is a fifth of that.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.starting import start_if_due
from engage_portal.fallback.spool.uploading import upload_due
from engage_portal.fallback.spool.writing import write_next
from engage_portal.fallback.tasks import tend
from engage_portal.outbox.line import door
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import contacts
from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.seeds import ANNA_ID
from engage_portal.sandbox.server import running
from tests.api.talking import ASSIGNMENTS
from tests.fallback import server as ssh
from tests.fallback.boxes import needs_sshd
from tests.fallback.chaos.day import Day, prepared, redeem
from tests.fallback.conftest import use
from tests.fallback.spool.conftest import come_back, sign_up
from tests.outbox.building import delivered, receipt_posted

pytestmark = [pytest.mark.django_db, *needs_sshd]

_RECEIPTS = int(os.environ.get("DAY_RECEIPTS") or 600)
_KNOWN = {"contactId": "id", "email": "email", "mobilePhone": "mobilePhone"}
_PERSONAL = ("@example.com", "@known.example", "Falk", "+4670100", "Knownsson")


@dataclass(frozen=True)
class Size:
    """How much happens on a day; two fifths of the receipts after the first files."""

    receipts: int

    @property
    def born(self) -> int:
        """People who sign up in the outage."""
        return self.receipts // 15

    @property
    def coupons(self) -> int:
        """Uses of offers."""
        return self.receipts // 60

    @property
    def to_a_file(self) -> int:
        """Records: so few that there are several files of each kind of key."""
        return self.receipts // 8


@dataclass
class Shops:
    """What they did, by the names that Engage would have."""

    people: list[dict[str, str]]
    receipts: list[str]

    def sell(self, count: int) -> None:
        """So many receipts to people whom Engage knows, by each kind of key in turn; several to each of them."""
        for _ in range(count):
            number = len(self.receipts)
            kind, held = list(_KNOWN.items())[number % 3]
            key = self.people[number % len(self.people)][held]
            self.sell_to(key, kind)

    def sell_to(self, key: str, kind: str) -> None:
        """One receipt."""
        self.receipts.append(f"day-{len(self.receipts):05d}")
        receipt_posted(self.receipts[-1], contact={"matchKey": key, "matchKeyType": kind})


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssh.Server]:
    """A real server."""
    with ssh.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def engage(settings: Any) -> Iterator[Any]:
    """An Engage that takes as many calls as it gets: how fast they may be is not the matter here."""
    with running(create_app(rate_limit=1_000_000)) as server:
        settings.ENGAGE_BASE_URL, settings.ENGAGE_RATE = server.url, 5000
        door.disconnect()
        yield server.app
        door.disconnect()


@pytest.fixture(params=[True, False], ids=["redemptions in files", "redemptions by calls"])
def day(
    request: pytest.FixtureRequest, engage: Any, settings: Any, tmp_path: Path, sshd: ssh.Server
) -> Iterator[Day]:
    """Engage's import folders are what the SFTP server serves."""
    use(sshd, settings)
    with prepared(engage, settings, tmp_path, root=sshd.folder, redeems=request.param) as made:
        yield made


def test_everything_is_in_engage_once_whatever_way_it_went(
    day: Day, till: APIClient, engage: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    size = Size(_RECEIPTS if day.redeems else _RECEIPTS // 4)
    settings.SPOOL_MAX_RECORDS = size.to_a_file
    shops = Shops([_known(engage, number) for number in range(size.receipts // 10)], [])
    coupons = day.coupons(size.coupons)
    assert till.get(ASSIGNMENTS, {"contactId": ANNA_ID}).status_code == 200  # so it is known whose they are
    day.goes_away()

    shops.sell(size.receipts // 2)
    names = [f"Born{number}" for number in range(size.born)]
    for number, name in enumerate(names):
        born = sign_up(till, name)
        if number % 2:
            shops.sell_to(born, "contactId")
    for coupon in coupons:
        redeem(till, coupon)

    tend()  # everything but the sales of people whom Engage does not know
    types = set(SpoolFile.objects.values_list("file_type", "state"))
    assert types == {(name, "uploaded") for name in _types(day)}
    assert set(SpoolFile.objects.filter(file_type="transactions").values_list("group", flat=True)) == set(
        _KNOWN
    )
    day.imports()
    day.passes(1.2)
    shops.sell(size.receipts - len(shops.receipts))
    _write_all()
    left = _upload(2)
    assert left >= 2
    come_back(engage)
    tend()  # what has not left is withdrawn
    assert SpoolFile.objects.filter(state=SpoolFile.State.WITHDRAWN).count() == left
    day.imports()
    _settle()

    assert len(shops.receipts) == size.receipts
    day.has_once(
        receipts=shops.receipts, emails=[f"{name.lower()}@example.com" for name in names], coupons=coupons
    )
    found = day.facts()
    assert _ways(found["receipts"][name] for name in shops.receipts) == {"api", "file"}
    assert {way for name in coupons for way in found["redemptions"][name]["ways"]} == {
        "file" if day.redeems else "api"
    }
    left_open = Item.objects.exclude(state__in=[State.DELIVERED, State.SUPERSEDED])
    assert list(left_open.values_list("kind", "state", "reason")) == []
    day.nothing_is_left()
    _nothing_personal(caplog.text)


def _types(day: Day) -> set[str]:
    return {"contacts", "transactions"} | ({"redeemedPromotions"} if day.redeems else set())


def _known(engage: Any, number: int) -> dict[str, str]:
    """Somebody whom Engage knows and the portal does not."""
    keys = {"email": f"k{number}@known.example", "mobilePhone": f"+4670100{number:04d}"}
    made = contacts.create(engage.engage, {**keys, "firstName": "Karl", "lastName": "Knownsson"}, "Member")
    return {**keys, "id": made["id"]}


def _write_all() -> None:
    """Begin and write files; none of them leaves yet."""
    assert start_if_due(Deadline.after(60)) is not None
    while write_next():
        continue


def _upload(count: int) -> int:
    """So many files leave; how many stay."""
    left = iter(range(count))
    assert upload_due(is_over=lambda: next(left, None) is None) == count
    return SpoolFile.objects.filter(state=SpoolFile.State.READY).count()


def _settle() -> None:
    """The worker, with all waits over, until nothing is left to do or to look at."""
    for _ in range(8):
        tend()
        Item.objects.filter(state=State.ACCEPTED).update(not_before=clock.now())
        delivered(seconds=60)


def _ways(receipts: Any) -> set[str]:
    return {way for receipt in receipts for way in receipt["ways"]}


def _nothing_personal(logs: str) -> None:
    """Neither in the tables of the queue and of the files, nor in what was logged."""
    told = [
        str(row)
        for app in ("fallback", "outbox")
        for model in apps.get_app_config(app).get_models()
        for row in model._default_manager.values()
    ]
    assert len(told) > 100
    everything = "\n".join([*told, logs])
    assert [word for word in _PERSONAL if word in everything] == []
