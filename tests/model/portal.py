"""The same question to the real services, the real client and the sandbox: is what was promised in Engage, once?"""

import contextlib
import json
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from contacts.models import Contact
from contacts.services import Asked, contact_create, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError, payloads
from engage_portal.outbox import streams
from engage_portal.outbox.delivery import claims, passes
from engage_portal.outbox.delivery.sending import prepare, run
from engage_portal.outbox.line import door
from engage_portal.outbox.models import EngageLine, Event, Item
from engage_portal.outbox.pauses import current
from engage_portal.outbox.states import CLAIMABLE
from engage_portal.sandbox import seeds
from engage_portal.sandbox.app import Sandbox
from promotions.services import assignment_redeem, offers_current
from receipts.services import receipt_record
from tests.conftest import make_receipt
from tests.outbox.building import anna, by_id

START = datetime(2026, 11, 21, 10, 14, tzinfo=UTC)
OFFERS = (seeds.ANNA_PERCENT_ID, seeds.ANNA_MONEY_ID)
MODES = ("down", "500", "504", "html503", "429", "422", "lost_answer", "lost_answer")
ENDPOINTS = (
    "POST /api/v3/contacts",
    "GET /api/v3/contacts/id",
    "PATCH /api/v3/contacts/{contactId}",
    "POST /api/v3/receipts",
    "POST /api/v3/promotion-assignments/{assignmentId}/redeem",
    "GET /api/v3/promotion-assignments",
    "*",
)


class Portal(RuleBasedStateMachine):
    """Tills that sell, sign up, change and redeem while Engage comes and goes."""

    sandbox: Sandbox
    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(START, tick=True))
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)
        self.sandbox.engage.reset()
        self.stack.callback(self.sandbox.engage.faults.clear)
        offers_current(contact=anna(), deadline=_soon())
        self.signed_up: list[str] = []
        self.wishes: dict[tuple[str, str], str] = {}
        self.sold: list[str] = []
        self.redeemed: list[str] = []

    @invariant()
    def nobody_repeats_without_a_look(self) -> None:
        repeats = [each for each in self.sandbox.engage.unchecked_repeats if each.kind != "receipt.post"]
        assert not repeats, repeats
        for item in Item.objects.all():
            assert item.holds == streams.holds_stream(item)
        assert not streams.wrongly_parked(current()).exists()

    # --- tills ---

    @rule(target=people)
    def somebody_known(self) -> str:
        return str(anna().pk)

    @rule(target=people)
    def sign_up(self) -> str:
        """What is refused is not promised, and nobody is kept."""
        email = f"person{len(self.signed_up)}@example.com"
        before = Contact.objects.count()
        try:
            body = {"firstName": "Frida", "email": email, "countryCode": "SE"}
            written = contact_create(
                body=body,
                source="test",
                unapproved=False,
                asked=Asked(actor="till", store="101"),
                deadline=_soon(),
            )
        except EngageError:
            assert Contact.objects.count() == before
            return str(anna().pk)
        self.signed_up.append(email)
        return str(written.contact.pk)

    @rule(
        of=people,
        name=st.sampled_from(["firstName", "lastName"]),
        value=st.sampled_from(["Anna", "Ada", "Bo"]),
    )
    def change(self, of: str, name: str, value: str) -> None:
        contact = Contact.objects.get(pk=of)
        with contextlib.suppress(EngageError):
            contact_update(
                contact=contact, body={name: value}, asked=Asked(actor="till", store="101"), deadline=_soon()
            )
            self.wishes[of, name] = value
            assert Contact.objects.get(pk=of).data[name] == value

    @rule(of=people, by_key=st.booleans())
    def sell(self, of: str, by_key: bool) -> None:
        number = f"101-{len(self.sold)}"
        email = Contact.objects.get(pk=of).email
        key = {"matchKey": email, "matchKeyType": "email", "contactType": "Member"}
        body = make_receipt(number, contact=key if by_key else by_id(of))
        receipt_record(payload=payloads.decode_receipt(json.dumps(body).encode()), actor="till")
        self.sold.append(number)

    @rule(offer=st.sampled_from(OFFERS))
    def redeem(self, offer: str) -> None:
        with contextlib.suppress(EngageError):
            assignment_redeem(assignment_id=offer, channel="POS", store="101", actor="till", deadline=_soon())
            assert offer not in self.redeemed, "a second use is refused"
            self.redeemed.append(offer)

    # --- Engage ---

    @rule(mode=st.sampled_from(MODES), endpoint=st.sampled_from(ENDPOINTS), times=st.integers(1, 3))
    def something_goes_wrong(self, mode: str, endpoint: str, times: int) -> None:
        self.sandbox.engage.faults.set(mode, endpoint=endpoint, times=times, retry_after=3)

    @rule()
    @precondition(lambda self: self.sandbox.engage.faults.mode == "up")
    def engage_goes_away(self) -> None:
        self.sandbox.engage.faults.set("down")

    @rule()
    @precondition(lambda self: self.sandbox.engage.faults.mode != "up")
    def engage_is_well(self) -> None:
        self.sandbox.engage.faults.clear()

    # --- workers ---

    @rule()
    @precondition(lambda self: _something_is_due())
    def deliver(self) -> None:
        passes.deliver(seconds=20)

    @rule()
    @precondition(lambda self: _something_is_due())
    def deliver_more(self) -> None:
        """As `deliver`: a rule with two names is done more often."""
        self.deliver()

    @rule(is_sent=st.booleans())
    @precondition(lambda self: _something_is_due())
    def lose_a_worker(self, is_sent: bool) -> None:
        """It ends before or after Engage heard from it."""
        for ready in prepare(claims.claim(2)):
            if is_sent:
                run(ready, lambda call: call(door.client().within(5.0)))

    @rule(seconds=st.sampled_from([2, 12, 40, 100, 700]))
    def wait(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=seconds))

    # --- the end ---

    def heal(self) -> None:
        """Engage is well for hours, and a person sends again what needs him."""
        from engage_portal.outbox.control import retry

        self.sandbox.engage.faults.clear()
        for _ in range(6):
            self.clock.shift(timedelta(seconds=5000))
            retry(items=Item.objects.filter(state="attention"), by="sam")
            EngageLine.objects.update(pace_tat=0)
            passes.deliver(seconds=20)
        self.nobody_repeats_without_a_look()
        left = Item.objects.exclude(state__in=["delivered", "accepted", "superseded", "cancelled"])
        assert not left, [(item.kind, item.state, item.reason) for item in left]

    def what_was_promised_is_in_engage(self) -> None:
        engage = self.sandbox.engage
        emails = [str(one["attributes"].get("email")) for one in engage.contacts.values()]
        for email in self.signed_up:
            assert emails.count(email) == 1, f"{email} is {emails.count(email)} times in Engage"
        assert sorted(one["id"] for one in engage.redemptions) == sorted(self.redeemed)
        assert sorted(engage.receipts) == sorted(self.sold)
        for (of, name), value in self.wishes.items():
            contact = Contact.objects.get(pk=of)
            there = engage.contacts[str(contact.engage_id)]["attributes"].get(name)
            assert there == value, f"{name} is {there} in Engage and {value} was promised last"
        self._sales_came_in_order()

    def _sales_came_in_order(self) -> None:
        """Within each stream; but for what needed a person."""
        received = list(self.sandbox.engage.received)
        helped = set(Event.objects.filter(what="attention").values_list("item_id", flat=True))
        by_stream: dict[str, list[int]] = {}
        for item in Item.objects.filter(kind="receipt.post").exclude(pk__in=helped).order_by("pk"):
            by_stream.setdefault(item.stream, []).append(received.index(item.reference))
        for stream, places in by_stream.items():
            assert places == sorted(places), f"{stream} came in the order {places}"


def _soon() -> Deadline:
    return Deadline.after(20)


def _something_is_due() -> bool:
    return Item.objects.filter(state__in=[*CLAIMABLE, "sending"]).exists()
