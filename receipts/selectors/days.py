"""A store's day: what was sold and redeemed, and how much of it is in Engage."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from engage_portal.outbox.models import Item
from engage_portal.outbox.states import MOVING, OPEN, State
from promotions.kinds import REDEEM, VOUCHER_REACTIVATE, VOUCHER_REDEEM
from promotions.models import Redemption, VoucherUse
from receipts.models import Clash, Receipt
from receipts.services import POST
from receipts.services.clashes import sales_missing

RECEIPTS, GUESTS, REDEMPTIONS, VOUCHERS = "Receipts", "Guests", "Redemptions", "Vouchers"
CLASHES = "Sales under a taken number"
_ORDER = (RECEIPTS, REDEMPTIONS, VOUCHERS, CLASHES, GUESTS)


class Standing(StrEnum):
    """How much of a day is in Engage, as far as that is known."""

    COMPLETE = "yes"
    SENT = "sent"
    """Engage took all of it, and has not shown all of it yet: it drops receipts after it took them."""
    INCOMPLETE = "no"


@dataclass(slots=True)
class Tally:
    """Facts of one kind in one store and day, told apart by how far they came."""

    kind: str
    currency: str = ""
    count: int = 0
    total: Decimal = Decimal(0)
    waiting: int = 0
    attention: int = 0
    sent: int = 0
    """Engage took them, and has not shown them yet."""
    confirmed: int = 0
    cancelled: int = 0

    def add(self, state: str | None, count: int, total: Decimal | None) -> None:
        """Count facts whose item is in a state; None: it was delivered so long ago that its item is gone."""
        self.count += count
        self.total += total or 0
        if self.kind == GUESTS:
            return  # nothing of them is on its way
        name = _COLUMN.get(State(state) if state else State.DELIVERED, "waiting")
        setattr(self, name, getattr(self, name) + count)

    @property
    def label(self) -> str:
        """What it counts, for people: offers that take off an amount have a sum, and stand for themselves."""
        return f"{self.kind}, money off" if self.kind == REDEMPTIONS and self.currency else self.kind

    @property
    def stages(self) -> list[tuple[str, int]]:
        """How far how many came, in words; only stages that have any."""
        found = [
            ("need attention" if self.attention > 1 else "needs attention", self.attention),
            ("waiting", self.waiting),
            ("sent", self.sent),
            ("confirmed", self.confirmed),
            ("cancelled", self.cancelled),
        ]
        return [(word, count) for word, count in found if count]


_COLUMN = {
    State.ATTENTION: "attention",
    State.ACCEPTED: "sent",
    State.DELIVERED: "confirmed",
    State.CANCELLED: "cancelled",
    State.SUPERSEDED: "cancelled",
    **dict.fromkeys(MOVING, "waiting"),
}


@dataclass(frozen=True, slots=True)
class StoreDay:
    """One store on one day."""

    store: str
    tallies: list[Tally] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """What is still on its way."""
        return sum(tally.waiting for tally in self.tallies)

    @property
    def attention(self) -> int:
        """What a person has to look at in the queue."""
        return sum(tally.attention for tally in self.tallies if tally.kind != CLASHES)

    @property
    def clashes(self) -> int:
        """Sales that were not taken, because another one has their number, and that nobody has dealt with."""
        return sum(tally.count for tally in self.tallies if tally.kind == CLASHES)

    @property
    def unconfirmed(self) -> int:
        """What Engage took and has yet to show; receipts only where somebody looks for them."""
        are_looked_for = settings.OUTBOX_CONFIRM_HOURS > 0
        return sum(tally.sent for tally in self.tallies if are_looked_for or tally.kind != RECEIPTS)

    @property
    def standing(self) -> Standing:
        """Whether everything of the day is in Engage: only what it showed is, or took where nobody looks for it."""
        if self.waiting or self.attention or self.clashes:
            return Standing.INCOMPLETE
        return Standing.SENT if self.unconfirmed else Standing.COMPLETE

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the day is missing in Engage, as far as that is looked for."""
        return self.standing is Standing.COMPLETE

    @property
    def is_sent(self) -> bool:
        """Whether nothing is missing but that Engage shows it."""
        return self.standing is Standing.SENT

    @property
    def is_taken_only(self) -> bool:
        """Whether it counts as complete though Engage never showed some of it, because nobody looks for that."""
        return self.is_complete and any(tally.sent for tally in self.tallies)


def store_days(day: date, *, store: str = "") -> list[StoreDay]:
    """Each store that sold or redeemed something on a day of the portal's zone, in four queries; or one store alone.

    A receipt belongs to the day on which it was sold, a redemption and a voucher to that on which it was accepted. A
    sale that was not taken for its number, and that nobody has dealt with, counts as well: Engage does not have it. One
    that came in two versions is there once. A voucher whose sale was cancelled counts as cancelled once Engage knows.
    """
    begin, end = _bounds(day)
    sold = Receipt.objects.filter(created_date__gte=begin, created_date__lt=end)
    used = Redemption.objects.filter(accepted_at__gte=begin, accepted_at__lt=end)
    paid = VoucherUse.objects.filter(accepted_at__gte=begin, accepted_at__lt=end, is_ours=True)
    lost = sales_missing().filter(created_date__gte=begin, created_date__lt=end)
    if store:
        sold, used = sold.filter(store=store), used.filter(store=store)
        paid, lost = paid.filter(store=store), lost.filter(store=store)
    tallies: dict[tuple[str, str, str], Tally] = {}
    used, paid = used.annotate(state=_state_of(REDEEM)), paid.annotate(state=_state_of_voucher())
    uses = [*_uses(used, REDEMPTIONS), *_uses(paid, VOUCHERS)]
    for row in [*_receipts(sold), *uses, *_clashes(lost)]:
        key = (row["store"], row["kind"], row["currency"])
        tally = tallies.setdefault(key, Tally(row["kind"], row["currency"]))
        tally.add(row["state"], row["count"], row["total"])
    return _by_store(tallies)


def _bounds(day: date) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    return tuple(datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))  # type: ignore[return-value]


def _receipts(sold: QuerySet[Receipt]) -> Iterator[Mapping[str, Any]]:
    given_up = When(given_up_at__isnull=False, then=Value(State.CANCELLED))
    state = Case(given_up, default=_state_of(POST))
    rows = sold.annotate(state=state).order_by().values("store", "currency", "is_guest", "state")
    for row in rows.annotate(count=Count("pk"), total=Sum("total")):
        yield {**row, "kind": GUESTS if row["is_guest"] else RECEIPTS}


def _uses(used: QuerySet[Any], word: str) -> Iterator[Mapping[str, Any]]:
    rows = used.order_by().values("store", "state", "currency")
    for row in rows.annotate(count=Count("pk"), total=Sum("money")):
        yield {**row, "kind": word}


def _state_of_voucher() -> Case:
    """How far the use is, or the undoing of it: both have arrived once the voucher counts as cancelled."""
    undoing = _state_of(VOUCHER_REACTIVATE, among=OPEN)
    undone = When(released_at__isnull=False, then=Coalesce(undoing, Value(State.CANCELLED)))
    return Case(undone, default=_state_of(VOUCHER_REDEEM))


def _clashes(lost: QuerySet[Clash]) -> Iterator[Mapping[str, Any]]:
    rows = lost.order_by().values("store", "currency")
    for row in rows.annotate(count=Count("pk"), total=Sum("total")):
        yield {**row, "kind": CLASHES, "state": State.ATTENTION}


def _state_of(kind: str, *, among: Collection[State] = tuple(State)) -> Subquery:
    items = Item.objects.filter(subject_id=OuterRef("pk"), kind=kind, state__in=among).order_by("-pk")
    return Subquery(items.values("state")[:1])


def _by_store(tallies: Mapping[tuple[str, str, str], Tally]) -> list[StoreDay]:
    stores: dict[str, list[Tally]] = defaultdict(list)
    for store, kind, currency in sorted(tallies, key=lambda key: (key[0], _ORDER.index(key[1]), key[2])):
        stores[store].append(tallies[store, kind, currency])
    return [StoreDay(store, mine) for store, mine in stores.items()]


def answer_in_words(days: Sequence[StoreDay]) -> str:
    """Is the day complete? One sentence or two about all its stores."""
    complete, sent = sum(each.is_complete for each in days), sum(each.is_sent for each in days)
    if complete == len(days):
        who = "Complete" if complete == 1 else f"{complete:,} stores, all complete"
        if any(each.is_taken_only for each in days):
            return f"{who}: Engage took everything that was sold and redeemed. Whether it shows it is not looked for."
        return f"{who}: everything that was sold and redeemed is in Engage."
    if len(days) == 1:
        return "Everything is sent; Engage has yet to show some of it." if sent else "Not complete."
    more = (
        f" {sent:,} more {'has' if sent == 1 else 'have'} sent everything; Engage has yet to show some of it."
    )
    return f"{complete:,} of {len(days):,} stores {'is' if complete == 1 else 'are'} complete.{more if sent else ''}"


def rows_of(days: Iterable[StoreDay]) -> Iterator[list[str]]:
    """The same as lines of a table, with a heading, for a spreadsheet."""
    yield [
        "store", "kind", "currency", "count", "total", "waiting", "attention", "sent", "confirmed", "cancelled",
        "complete",
    ]  # fmt: skip
    for one in days:
        for tally in one.tallies:
            counts = (tally.waiting, tally.attention, tally.sent, tally.confirmed, tally.cancelled)
            total = f"{tally.total:.2f}" if tally.currency else ""
            yield [
                one.store,
                tally.kind,
                tally.currency,
                str(tally.count),
                total,
                *map(str, counts),
                str(one.standing),
            ]
