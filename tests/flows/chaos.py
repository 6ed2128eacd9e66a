"""What the chaos test is made of: people, tills that serve them, rounds of trouble, and the one who causes it.

Every choice comes from one seed. What the processes make of it does not: the same seed repeats the plan, not the race.
"""

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

from engage_portal.sandbox.seeds import PERCENT_TEMPLATE_ID
from tests.conftest import make_receipt
from tests.flows.running import Portal, until

_OFFICE = {"apikey": "office", "User-Agent": "office", "Content-Type": "application/json"}
_NAMES = ("Alva", "Bo", "Cleo", "Disa", "Egil", "Freja")
_CITIES = ("Lund", "Umeå", "Kiruna", "Visby", "Malmö")
_STORES = ("101", "102", "900")

_POST_CONTACT = "POST /api/v3/contacts"
_PATCH_CONTACT = "PATCH /api/v3/contacts/{contactId}"
_FIND_CONTACT = "GET /api/v3/contacts/id"
_POST_RECEIPT = "POST /api/v3/receipts"
_REDEEM = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"
_BULK = ("POST /api/v3/contacts/bulk", "PATCH /api/v3/contacts/bulk")
_PLACES = (_POST_CONTACT, _PATCH_CONTACT, _FIND_CONTACT, _POST_RECEIPT, _REDEEM, *_BULK)
_FAULTS = ("down", "hang", "slow", "500", "504", "html503", "429", "lost_answer")
# What is swallowed is found out only where the answer proves nothing: an Engage that answers "created" and lies about
# it can be told from an honest one by nobody.
_SWALLOWING = (_POST_RECEIPT, *_BULK)
_KILLS = ("group", "process", "supervisor", "everything")


@dataclass
class Person:
    """Somebody whom tills serve, with what Engage has to know of them in the end."""

    number: int
    id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    sales: list[str] = field(default_factory=list)
    """Receipts in the order in which one till sent them, each after the answer to the one before."""
    offers: list[str] = field(default_factory=list)
    has_phone: bool = True

    @property
    def email(self) -> str:
        """Nobody else's."""
        return f"chaos.{self.number}@example.com"

    @property
    def phone(self) -> str:
        """Nobody else's."""
        return f"+4670{self.number:07d}"

    def born(self) -> dict[str, Any]:
        """The body of a sign-up; what it says is expected in Engage from then on."""
        keys = {"email": self.email, **({"mobilePhone": self.phone} if self.has_phone else {})}
        self.fields = {"firstName": "Newborn", "lastName": "Chaosson", "countryCode": "SE", **keys}
        return dict(self.fields)


class Rounds:
    """Tills may be no further than the round that is on, so that every trouble meets some of them at work."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = -1

    def begin(self, number: int) -> None:
        """Let the tills go on into a round."""
        with self._changed:
            self._number = number
            self._changed.notify_all()

    def wait_for(self, number: int) -> None:
        """Until a round has begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._number >= number, timeout=600), f"no round {number}"


class World:
    """Everybody, and everything that was promised."""

    def __init__(self, portal: Portal, *, items: int, seed: int) -> None:
        self.portal = portal
        self.items = items
        self.dice = random.Random(seed)
        self._numbers = iter(range(1, 10_000_000))
        self._lock = threading.Lock()
        self.newcomers: list[Person] = []
        self.strangers: list[Person] = []
        self.regulars: list[Person] = []
        self.sold: set[str] = set()
        self.redeemed: set[str] = set()
        self.answers: Counter[str] = Counter()

    def next_person(self, **more: Any) -> Person:
        """Somebody new, with a number of their own."""
        with self._lock:
            return Person(next(self._numbers), **more)

    def settle_in(self) -> None:
        """People whom Engage knows: regulars with offers, known to the portal too, and strangers, who are not."""
        regulars = max(8, self.items // 80)
        each = self.items // 6 // regulars + 1
        with self.engage() as engage:
            self.regulars = [self._known_in_engage(engage) for _ in range(regulars)]
            self.strangers = [self._known_in_engage(engage) for _ in range(max(4, regulars // 2))]
            for person in self.regulars:
                offer = {"contactId": person.id, "promotionId": PERCENT_TEMPLATE_ID}
                for _ in range(each):
                    engage.post("/api/v3/promotion-assignments", json=offer).raise_for_status()
        with self.till() as till:
            for person in self.regulars:
                listed = till.get("/api/v3/promotion-assignments", params={"contactId": person.id})
                assert listed.status_code == 200, listed.text
                person.offers = [offer["id"] for offer in listed.json()]

    def _known_in_engage(self, engage: httpx.Client) -> Person:
        person = self.next_person()
        answer = engage.post("/api/v3/contacts", json=person.born()).raise_for_status()
        person.id = answer.json()["id"]
        return person

    def engage(self) -> httpx.Client:
        """A way to the sandbox that leads past the portal."""
        return httpx.Client(base_url=self.portal.engage_url, headers=_OFFICE, timeout=30)

    def till(self) -> httpx.Client:
        """A till's connection to the portal."""
        return httpx.Client(base_url=self.portal.url, headers={"apikey": self.portal.key}, timeout=60)


class Till:
    """Serves its own regulars and whoever it signs up, one call after the other."""

    def __init__(self, world: World, number: int, tills: int) -> None:
        self._world = world
        self._number = number
        self._dice = random.Random(f"{world.dice.random()} {number}")
        self._mine = world.regulars[number::tills]
        self._next_tills = world.regulars[(number + 1) % tills :: tills]
        self._offers = [(person, offer) for person in self._mine for offer in person.offers]
        self._dice.shuffle(self._offers)
        self._calls: httpx.Client
        self._sales = 0

    def work(self, plan: Iterator[int], rounds: Rounds) -> None:
        """Do one thing for each entry of the plan, which is the round that it belongs to."""
        with self._world.till() as self._calls:
            for number in plan:
                rounds.wait_for(number)
                (thing,) = self._dice.choices(
                    (self._sign_up, self._change, self._sell, self._redeem, self._sell_to_stranger),
                    weights=(12, 28, 40, 12, 8),
                )
                thing()
                if self._dice.random() < 0.15:
                    self._look_up()

    def _sign_up(self) -> None:
        person = self._world.next_person(has_phone=self._dice.random() < 0.7)
        store = {"storeExternalId": self._dice.choice(_STORES)} if self._dice.random() < 0.4 else {}
        answer = self._call("POST", "/api/v3/contacts", {201, 202}, params=store, json=person.born())
        person.id = answer.json()["id"]
        self._mine.append(person)
        self._world.newcomers.append(person)

    def _change(self) -> None:
        """Fields of somebody of its own, or other fields of somebody whom another till changes too."""
        if self._dice.random() < 0.25:
            person, names = self._dice.choice(self._next_tills), ["zipCode", "lastName"]
        else:
            person, names = self._someone(), ["firstName", "city", "street", "preferences.acceptsEmail"]
        changes = {name: self._value_of(name) for name in self._dice.sample(names, k=2)}
        body = {name: value for name, value in changes.items() if "." not in name}
        if "preferences.acceptsEmail" in changes:
            body["preferences"] = {"acceptsEmail": changes["preferences.acceptsEmail"]}
        self._call("PATCH", f"/api/v3/contacts/{person.id}", {200, 202}, json=body)
        person.fields |= changes

    def _value_of(self, name: str) -> Any:
        if name == "preferences.acceptsEmail":
            return self._dice.random() < 0.5
        if name == "city":
            return self._one_of(_CITIES)
        return self._one_of(_NAMES) if name != "zipCode" else f"{self._dice.randrange(100_000)}"

    def _one_of(self, words: tuple[str, ...]) -> str:
        return self._dice.choice(words)

    def _sell(self) -> None:
        person = self._someone()
        name = self._next_sale()
        person.sales.append(name)
        keys = [{"matchKey": person.id, "matchKeyType": "contactId"}]
        keys.append({"matchKey": person.email, "matchKeyType": "email", "contactType": "Member"})
        if person.has_phone:
            keys.append({"matchKey": person.phone, "matchKeyType": "mobilePhone", "contactType": "Member"})
        self._post(name, self._dice.choice([keys[0], *keys]))

    def _sell_to_stranger(self) -> None:
        """By a personal key that the portal's copy does not have: Engage is asked whose it is, and it waits for nobody."""
        person = self._dice.choice(self._world.strangers)
        self._post(
            self._next_sale(),
            {"matchKey": person.phone, "matchKeyType": "mobilePhone", "contactType": "Member"},
        )

    def _next_sale(self) -> str:
        self._sales += 1
        return f"till{self._number}-{self._sales}"

    def _post(self, name: str, contact: dict[str, str]) -> None:
        moment = (
            f"2026-11-21T{10 + self._sales // 3600:02d}:{self._sales // 60 % 60:02d}:{self._sales % 60:02d}Z"
        )
        receipt = make_receipt(
            name, contact=contact, storeExternalId=self._dice.choice(_STORES), createdDate=moment
        )
        self._call("POST", "/api/v3/receipts", {202}, json=receipt)
        self._world.sold.add(name)

    def _redeem(self) -> None:
        if not self._offers:
            self._sell()
            return
        _, offer = self._offers.pop()
        self._call(
            "POST",
            f"/api/v3/promotion-assignments/{offer}/redeem",
            {200, 202},
            json={"redemptionChannel": "POS"},
        )
        self._world.redeemed.add(offer)

    def _look_up(self) -> None:
        """Reads in between, which refresh the copies that everything else relies on."""
        person = self._someone()
        address, parameters = self._dice.choice(
            (
                ("/api/v3/contacts/id", {"email": person.email}),
                (f"/api/v3/contacts/{person.id}", {}),
                ("/api/v3/contacts/transactions", {"contactId": person.id}),
            )
        )
        self._call("GET", address, {200, 409, 503}, params=parameters)

    def _someone(self) -> Person:
        """A regular, or one of those who signed up here; the latest ones most."""
        return self._dice.choice([*self._mine, *self._mine[-4:]])

    def _call(self, method: str, path: str, expected: set[int], **more: Any) -> httpx.Response:
        answer = self._calls.request(method, path, **more)
        assert answer.status_code in expected, f"{method} {path}: {answer.status_code} {answer.text}"
        self._world.answers[f"{method} {answer.status_code}"] += 1
        return answer


class Trouble:
    """Breaks the sandbox and kills workers, round by round; says afterwards what it did."""

    def __init__(self, portal: Portal, dice: random.Random, *, rounds: int) -> None:
        self._portal = portal
        self._dice = dice
        self._modes = self._shuffled((*_FAULTS, *_FAULTS, "up", "not_processed"), rounds)
        self._kills = self._shuffled(_KILLS, rounds)
        self._orphans: list[psutil.Process] = []
        self.story: list[str] = []

    def _shuffled(self, words: tuple[str, ...], count: int) -> Iterator[str]:
        """Every word comes before any comes again."""
        chosen: list[str] = []
        while len(chosen) < count:
            chosen += self._dice.sample(words, k=len(words))
        return iter(chosen)

    def make(self, *, kill: bool) -> None:
        """The trouble of one round."""
        self._portal.fault("up")
        self._break(next(self._modes))
        if kill:
            names = sorted(name for name in self._portal.processes if name.startswith("worker"))
            self._kill(next(self._kills), self._dice.choice(names))

    def heal(self) -> None:
        """Engage is up, and who was killed alone leaves nothing behind."""
        self._portal.fault("up")
        until(lambda: not any(map(_is_alive, self._orphans)), seconds=60, what="orphaned groups to end")

    def stop_orphans(self) -> None:
        """Whatever happened: leave nothing behind."""
        for process in self._orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _break(self, mode: str) -> None:
        more: dict[str, Any] = {"probability": self._dice.choice((0.5, 1.0))}
        place = self._dice.choice(_SWALLOWING if mode == "not_processed" else ("*",) * len(_PLACES) + _PLACES)
        if mode == "slow":
            more["delay_ms"] = self._dice.randrange(100, 600)
        if mode == "429":
            more["retry_after"] = 1
        if mode != "up":
            self._portal.fault(mode, endpoint=place, **more)
        self.story.append(f"{mode} at {place}")

    def _kill(self, what: str, name: str) -> None:
        self.story.append(f"killed {what} of {name}")
        if what == "everything":
            self._portal.kill(name)
            self._portal.start(name)
        elif what == "supervisor":
            self._orphans += self._portal.kill_alone(name)
            self._portal.start(name)
        elif group := self._portal.group_of(name):
            for process in group if what == "group" else [self._dice.choice(group)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextlib.contextmanager
def noted(*lines: Callable[[], str]) -> Iterator[None]:
    """A failure inside says these lines too."""
    try:
        yield
    except BaseException as failure:
        for line in lines:
            failure.add_note(line())
        raise
