"""Builders for the tests of the queue: items in any state, things to deliver, and an Engage that comes and goes."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connections, transaction

from contacts.models import Contact
from contacts.services import Asked, Written, contact_create
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage import payloads
from engage_portal.outbox.delivery import passes
from engage_portal.outbox.delivery.verdicts import Tried
from engage_portal.outbox.models import EngageLine, Event, Item
from engage_portal.outbox.registry import Call, Handler
from engage_portal.outbox.services import enqueue
from engage_portal.outbox.states import OPEN, Channel, State
from engage_portal.outbox.streams import holds_stream
from engage_portal.sandbox import seeds
from engage_portal.sandbox.app import Sandbox
from promotions.models import Redemption
from receipts.models import Receipt
from receipts.services import receipt_record
from tests.conftest import make_receipt

ANNA = UUID(seeds.ANNA_ID)


def item(**what) -> Item:
    """An item as `unsaved` makes it, in the queue."""
    made = unsaved(**what)
    made.save(force_insert=True)
    return made


def unsaved(*, state: State = State.PENDING, kind: str = "receipt.post", due_in: float = -1, **more) -> Item:
    """An item in a state, with what its constraints ask for; due a second ago unless said otherwise."""
    now = clock.now()
    needs = {
        State.SENDING: {"lease_token": uuid4(), "lease_until": now + timedelta(minutes=1), "tries": 1},
        State.ATTENTION: {"reason": "Refused.", "reason_code": "ValidationError"},
        State.IN_DOUBT: {"looks_first": True, "was_in_doubt": True, "tries": 1},
        State.SPOOLED: {"spool_file": uuid4(), "channel": Channel.FILE},
        State.CANCELLED: {"reason": "Given up."},
    }
    made = Item(
        **{
            "kind": kind,
            "subject_id": uuid4(),
            "stream": f"contact:{uuid4()}",
            "state": state,
            "not_before": now + timedelta(seconds=due_in),
            "finished_at": None if state in OPEN else now,
            **needs.get(state, {}),
            **more,
        }
    )
    made.holds = holds_stream(made)
    return made


def told(of: Item) -> list[str]:
    """What happened to an item, in order."""
    return list(Event.objects.filter(item=of).order_by("pk").values_list("what", flat=True))


def outcomes_of(of: Item) -> list[str]:
    """How its attempts ended, in order."""
    return list(of.attempts.order_by("pk").values_list("outcome", flat=True))


def fresh(of: Item) -> Item:
    """The item as it stands now."""
    return Item.objects.get(pk=of.pk)


def tried(of: Item, *, answer=None, error=None, is_look=False, subject=None, operation="POST /x") -> Tried:
    """One attempt as it comes back from a sending thread."""
    call = Call(operation, lambda _client: answer)
    return Tried(of, subject, call, is_look, clock.now(), 12, answer=answer, error=error)


def anna() -> Contact:
    """Our copy of the sandbox's Anna."""
    return Contact.objects.get_or_create(
        pk=ANNA,
        defaults={
            "engage_contact_id": ANNA,
            "email": seeds.ANNA_EMAIL,
            "snapshot": {"firstName": "Anna", "email": seeds.ANNA_EMAIL},
            "fetched_at": clock.now(),
        },
    )[0]


def receipt_posted(unique_receipt_id: str = "101-1", **members) -> Item:
    """A receipt that was recorded, and its item."""
    body = json.dumps(make_receipt(unique_receipt_id, **members)).encode()
    recorded = receipt_record(payload=payloads.decode_receipt(body), actor="till")
    return Item.objects.get(subject_id=recorded.receipt.pk)


def receipt_of(of: Item) -> Receipt:
    """The receipt that an item is about."""
    return Receipt.objects.get(pk=of.subject_id)


def by_id(contact: Contact | str) -> dict[str, str]:
    """A receipt's contact, named by an id that was given out."""
    return {
        "matchKey": str(contact.pk if isinstance(contact, Contact) else contact),
        "matchKeyType": "contactId",
    }


def contact_created(*, seconds: float = 20, **body) -> Written:
    """A sign-up at a till."""
    return contact_create(
        body=body,
        source="test",
        unapproved=False,
        asked=Asked(actor="till", store="101"),
        deadline=Deadline.after(seconds),
    )


def item_of(written: Written | Contact, kind: str = "contact.create") -> Item:
    """The newest item of a kind about a contact."""
    contact = written.contact if isinstance(written, Written) else written
    found = Item.objects.filter(subject_id=contact.pk, kind=kind).order_by("-pk").first()
    assert found is not None
    return found


def redemption_queued(assignment_id: str = seeds.ANNA_PERCENT_ID, *, contact: Contact | None = None) -> Item:
    """A redemption that was accepted here and is not in Engage yet."""
    with transaction.atomic():
        redemption = Redemption.objects.create(
            assignment_id=UUID(assignment_id), contact=contact, channel="ECOM", store="101"
        )
        return enqueue(
            kind="promotion.redeem",
            subject_id=redemption.pk,
            stream=f"assignment:{assignment_id}",
            reference=assignment_id,
        )


def engage_is_away(*, since: datetime | None = None) -> None:
    """The breaker is open, for every process."""
    now = clock.now()
    EngageLine.objects.update_or_create(
        pk="default",
        defaults={
            "breaker_state": "open",
            "failures": 3,
            "opened_at": now,
            "down_since": since or now,
            "probe_until": None,
        },
    )


def probe_is_due() -> None:
    """The breaker has been open long enough that somebody may try."""
    EngageLine.objects.update(opened_at=clock.now() - timedelta(hours=1), probe_until=None)


def delivered(*, seconds: float = 30) -> int:
    """One pass over everything that waits, as if all waits were over."""
    Item.objects.filter(state__in=[State.PENDING, State.IN_DOUBT]).update(not_before=clock.now())
    return passes.deliver(seconds=seconds)


def until(condition: Callable[[], object], *, seconds: float = 120, what: str = "") -> None:
    """Wait for a condition; fail when it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"it did not happen within {seconds} s: {what or condition}")
        time.sleep(0.02)


def sandbox_is_done(engage: Sandbox, *, requests: int) -> None:
    """Wait for requests that nobody waits for any more, so that they do not end in the next test's sandbox."""
    until(lambda: len(engage.engage.requests) >= requests, what="the sandbox has ended what it was asked")


def in_a_thread_of_its_own(work: Callable[[], object]) -> object:
    """Run with a database connection of this thread, and close it."""
    try:
        return work()
    finally:
        connections.close_all()


class Parcel(Handler[UUID]):
    """A kind of our own, for what no real kind does. Its class attributes say how it behaves."""

    kind = "test.parcel"
    label = "Parcel"
    priority = 50
    holds_back = False
    success = State.DELIVERED

    def __init__(
        self, *, call: Callable | None = None, look: Callable | None = None, calls: int = 1, **behaviour
    ) -> None:
        self._calls = calls
        self._call, self._look = call or (lambda _client: "sent"), look
        self._behaviour = behaviour
        self.settled: list[UUID] = []
        self.sent: list[UUID] = []

    def load(self, subject_ids):
        self._behave("load", subject_ids)
        return {subject_id: subject_id for subject_id in subject_ids}

    def request(self, item, subject):
        self._behave("request", subject)

        def run(client):
            self.sent.append(subject)
            return self._call(client)

        return Call("POST /parcels", run)

    def look(self, item, subject):
        return Call("GET /parcels", self._look, calls=self._calls) if self._look else None

    def settle(self, item, subject, call, answer):
        self._behave("settle", subject)
        self.settled.append(subject)

    def judge(self, item, error):
        self._behave("judge", item.subject_id)

    def _behave(self, when: str, about) -> None:
        if when in self._behaviour:
            self._behaviour[when](about)
