"""Tills sell, Engage breaks in every way it can, workers are killed: and in the end everything is there, once, in order.

`CHAOS_ITEMS=5000 DATABASE_URL=postgres://… REDIS_URL=redis://… pytest tests/flows/test_chaos.py` is the full one. A
failure names its seed; `CHAOS_SEED` repeats its plan, though never its race.
"""

import contextlib
import os
import random
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.flows.chaos import Person, Rounds, Till, Trouble, World, noted
from tests.flows.running import Portal, portal_running, until

_ITEMS = int(os.environ.get("CHAOS_ITEMS") or 300)
_ON_SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
_WORKERS = int(os.environ.get("CHAOS_WORKERS") or (2 if _ON_SQLITE else 4))
_TILLS = 6
_SEEDED = 5
"""The sandbox's own people."""
_ROUNDS = max(10, _ITEMS // 80)
_LAST_KILL = _ROUNDS - max(4, _ROUNDS // 20)
_WEB = {"WEB_CONCURRENCY": "1" if _ITEMS < 1000 else "2"}
_LONGEST_ROUND = 1.2 if _ITEMS < 1000 else 4.0


@pytest.mark.processes
@pytest.mark.timeout(240 + _ITEMS // 3)
def test_in_any_chaos_everything_arrives_once_and_in_order(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
    workers = [f"worker-{number}" for number in range(1, _WORKERS + 1)]
    # Hard times: little patience, few for a bulk call, copies that are old at once.
    hard = {
        "ENGAGE_READ_TIMEOUT": "1",
        "OUTBOX_BULK_FROM": "8",
        "SNAPSHOT_FRESH_SECONDS": "2",
        **_WEB,
    }
    with portal_running(tmp_path, "web", store="", **hard) as portal:
        world = World(portal, items=_ITEMS, seed=seed)
        trouble = Trouble(portal, world.dice, rounds=_ROUNDS)
        with noted(lambda: f"CHAOS_SEED={seed} CHAOS_ITEMS={_ITEMS}", lambda: "; ".join(trouble.story)):
            try:
                world.settle_in()
                for name in workers:
                    portal.start(name)
                _rage(world, trouble)
                trouble.heal()
                _drain(portal)
                _everything_is_there_once_and_in_order(world, _swallowed(portal))
                _what_was_swallowed_is_noticed_and_sent_again(portal)
                _nothing_is_left(portal)
            finally:
                trouble.stop_orphans()
        print(f"seed {seed}: {dict(world.answers)}; {'; '.join(trouble.story)}")
        print(portal.received()["counts"], _states(portal))


def _rage(world: World, trouble: Trouble) -> None:
    """All tills at work while the trouble changes every few seconds."""
    rounds = Rounds()
    tills = [Till(world, number, _TILLS) for number in range(_TILLS)]
    plans = [_rounds_of(range(number, _ITEMS, _TILLS)) for number in range(_TILLS)]
    is_over = threading.Event()
    dice = random.Random(world.dice.random())
    with ThreadPoolExecutor(_TILLS) as pool:
        working = [pool.submit(till.work, plan, rounds) for till, plan in zip(tills, plans, strict=True)]
        for number in range(_ROUNDS):
            trouble.make(kill=number < _LAST_KILL and dice.random() < 0.8)
            rounds.begin(number)
            is_over.wait(dice.uniform(_LONGEST_ROUND / 3, _LONGEST_ROUND))  # for so long this trouble lasts
        for till in working:
            till.result()


def _rounds_of(places: range) -> Iterator[int]:
    yield from (place * _ROUNDS // _ITEMS for place in places)


def _states(portal: Portal) -> dict[str, int]:
    found = dict(portal.states())
    assert found.get("spooled", 0) == 0
    return found


def _in_state(portal: Portal, state: str) -> list[dict[str, Any]]:
    answer = portal.call("GET", "/api/portal/v1/outbox", params={"state": state, "count": 500})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _drain(portal: Portal) -> None:
    with noted(lambda: f"the queue: {_states(portal)} {_in_state(portal, 'in_doubt')[:3]}"):
        until(portal.settled, seconds=90 + _ITEMS // 20, what="the queue to drain")
    # The data is such that Engage refuses nothing, whatever the order: nobody has anything to decide.
    assert _in_state(portal, "attention") == []


def _swallowed(portal: Portal) -> set[str]:
    return {
        entry["uniqueReceiptId"] for entry in portal.received()["receipts"] if entry["state"] == "swallowed"
    }


def _everything_is_there_once_and_in_order(world: World, swallowed: set[str]) -> None:
    state = world.portal.received()
    # A receipt may come again, under its id, and is imported once; what else came again had been looked for.
    assert [entry for entry in state["unchecked_repeats"] if entry["kind"] != "receipt.post"] == []

    receipts = {entry["uniqueReceiptId"]: entry for entry in state["receipts"]}
    assert set(receipts) == world.sold
    not_imported = {name for name, entry in receipts.items() if not entry["imported"]}
    assert not_imported == swallowed

    redeemed = [entry["id"] for entry in state["redemptions"]]
    assert sorted(redeemed) == sorted(world.redeemed)

    by_email = defaultdict(list)
    for contact in state["contacts"]:
        by_email[contact["keys"].get("email")].append(contact["id"])
    everybody = [*world.newcomers, *world.regulars, *world.strangers]
    assert {person.email: len(by_email[person.email]) for person in everybody} == {
        person.email: 1 for person in everybody
    }
    assert len(state["contacts"]) == len(everybody) + _SEEDED

    with world.engage() as engage:
        wrong = {}
        for person in everybody:
            (engage_id,) = by_email[person.email]
            there = engage.get(f"/api/v3/contacts/{engage_id}").json()
            if difference := _difference(person, there):
                wrong[person.id] = difference
            belong = {receipts[name]["contactId"] for name in person.sales if name not in swallowed}
            assert belong <= {engage_id}, f"{person} bought as somebody else"
    assert wrong == {}, "expected, and there"

    arrived = {
        person.id: sorted(person.sales, key=lambda name: receipts[name]["order"]) for person in everybody
    }
    sent = {person.id: person.sales for person in everybody}
    assert {key: names for key, names in arrived.items() if names != sent[key]} == {}


def _difference(person: Person, there: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    flat = {**there["attributes"]} | {
        f"preferences.{name}": value for name, value in there["preferences"].items()
    }
    return {name: (value, flat.get(name)) for name, value in person.fields.items() if flat.get(name) != value}


def _what_was_swallowed_is_noticed_and_sent_again(portal: Portal) -> None:
    """Two days later all receipts were read back; those that Engage swallowed need a person, who sends them again."""
    swallowed = _swallowed(portal)
    with noted(lambda: f"the queue: {_states(portal)}"):
        until(lambda: _is_read_back(portal), seconds=60 + _ITEMS // 20, what="receipts to be read back")
    for item in (asked := _in_state(portal, "attention")):
        assert portal.call("POST", f"/api/portal/v1/outbox/{item['id']}/retry").status_code == 202
    assert {item["reference"] for item in asked} == swallowed
    until(portal.settled, what="the queue to drain")
    until(lambda: not _swallowed(portal), what="what was swallowed to be imported")


def _is_read_back(portal: Portal) -> bool:
    """Let two days pass, and wait a while; a look that got no answer is made again after minutes, which pass too."""
    then = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d %H:%M:%S}"
    portal.execute(
        f"UPDATE outbox_item SET finished_at = '{then}', not_before = '{then}' WHERE state = 'accepted'"
    )
    with contextlib.suppress(AssertionError):
        until(lambda: "accepted" not in portal.states(), seconds=15 + _ITEMS // 100)
        return True
    return False


def _nothing_is_left(portal: Portal) -> None:
    assert set(portal.states()) <= {"accepted", "delivered"}
