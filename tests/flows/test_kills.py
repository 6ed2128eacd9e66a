"""Processes are killed at any moment, and every sale still arrives once."""

import random
import threading
from pathlib import Path

import httpx
import pytest

from tests.flows.running import Portal, portal_running, until

_RECEIPTS = 500
_KILLS = 20


@pytest.mark.processes
def test_twenty_kills_in_five_hundred_receipts_lose_and_repeat_none(tmp_path: Path) -> None:
    with portal_running(tmp_path, "web", "worker", ENGAGE_READ_TIMEOUT="1", WEB_CONCURRENCY="1") as portal:
        wanted = [f"kill-{number}" for number in range(_RECEIPTS)]
        sold = threading.Event()
        tills = [threading.Thread(target=_sell_all, args=(portal, wanted[start::4])) for start in range(4)]
        watch = threading.Thread(target=lambda: ([till.join() for till in tills], sold.set()))
        for thread in [*tills, watch]:
            thread.start()
        dice = random.Random(20261121)
        for _ in range(_KILLS):
            sold.wait(dice.uniform(0.05, 0.4))
            name = dice.choice(["web", "worker"])
            portal.kill(name)
            portal.start(name)
        watch.join()
        until(portal.settled, what="the queue to drain")

        posted = portal.posted()
        assert set(posted) == set(wanted)
        assert portal.states() == {"accepted": _RECEIPTS}
        imported = [entry for entry in portal.received()["receipts"] if entry["imported"]]
        assert len(imported) == _RECEIPTS


def _sell_all(portal: Portal, names: list[str]) -> None:
    """A till: it repeats a sale until it has an answer, each with a phone number that nobody has to wait for."""
    for name in names:
        until(lambda name=name: _sell(portal, name), what=f"an answer for {name}")


def _sell(portal: Portal, name: str) -> bool:
    contact = {"matchKey": "+46735654321", "matchKeyType": "mobilePhone", "contactType": "Member"}
    try:
        return portal.sell(name, contact=contact).status_code == 202
    except httpx.HTTPError:
        return False
