"""What giving offers on trust cost: by day and store, and what Engage said of it later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from engage_portal.engage import Money
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from promotions.kinds import REDEEM
from promotions.models import TrustedUse
from promotions.selectors.trust import NO_REFUSALS
from promotions.words import money_words

_WAITING, _CONFIRMED, _REFUSED = TrustedUse.Outcome.values


@dataclass(slots=True)
class TrustedDay:
    """What one store gave on trust on a day."""

    day: date
    store: str
    given: int = 0
    waiting: int = 0
    confirmed: int = 0
    refused: int = 0
    beyond: int = 0
    """Against the rule, because Engage may have taken it."""
    without_value: int = 0
    """Given without an amount of money that we know: per cent, codes, what the cashier gives."""
    refused_without_value: int = 0
    moneys: dict[str, Decimal] = field(default_factory=dict)
    refused_moneys: dict[str, Decimal] = field(default_factory=dict)

    @property
    def value(self) -> str:
        """The money that was given, as far as it is known."""
        return _sum_words(self.moneys)

    @property
    def cost(self) -> str:
        """The money that was given and that Engage then refused."""
        return _sum_words(self.refused_moneys)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count uses of one currency and outcome."""
        outcome, count = row["came_to"], row["count"]
        self.given += count
        setattr(self, outcome, getattr(self, outcome) + count)
        self.beyond += row["beyond"]
        self._add_value(self.moneys, row)
        self.without_value += count - row["valued"]
        if outcome == _REFUSED:
            self._add_value(self.refused_moneys, row)
            self.refused_without_value += count - row["valued"]

    @staticmethod
    def _add_value(moneys: dict[str, Decimal], row: Mapping[str, Any]) -> None:
        if row["valued"]:
            moneys[row["currency"]] = moneys.get(row["currency"], Decimal(0)) + row["total"]


def trusted_days(*, first: date, last: date, store: str = "") -> list[TrustedDay]:
    """What was given on trust on some days, the newest first, in one query; of every store, or one."""
    uses = TrustedUse.objects.filter(day__gte=first, day__lte=last)
    if store:
        uses = uses.filter(store=store)
    rows = _with_outcome(uses).values("day", "store", "currency", "came_to")
    found: dict[tuple[date, str], TrustedDay] = {}
    counted = rows.annotate(
        count=Count("pk"),
        valued=Count("money"),
        total=Sum("money"),
        beyond=Count("pk", filter=Q(is_beyond=True)),
    )
    for row in counted.order_by("-day", "store", "currency"):
        key = (row["day"], row["store"])
        found.setdefault(key, TrustedDay(*key)).add(row)
    return list(found.values())


def total_of(days: Iterable[TrustedDay]) -> TrustedDay:
    """All of them together."""
    total = TrustedDay(date.min, "")
    for one in days:
        for name in (
            "given",
            "waiting",
            "confirmed",
            "refused",
            "beyond",
            "without_value",
            "refused_without_value",
        ):
            setattr(total, name, getattr(total, name) + getattr(one, name))
        for mine, theirs in ((total.moneys, one.moneys), (total.refused_moneys, one.refused_moneys)):
            for currency, amount in theirs.items():
                mine[currency] = mine.get(currency, Decimal(0)) + amount
    return total


def _with_outcome(uses: Any) -> Any:
    """An item that Engage refused waits for a person: the use is refused from then on."""
    items = Item.objects.filter(
        subject_id=OuterRef("redemption_id"), kind=REDEEM, state=State.ATTENTION
    ).exclude(reason_code__in=NO_REFUSALS)
    refused = Subquery(items.values("reason_code")[:1])
    return uses.annotate(complaint=Coalesce(refused, Value(""))).annotate(
        came_to=Case(
            When(outcome=_WAITING, complaint__gt="", then=Value(_REFUSED)),
            default=F("outcome"),
        )
    )


def _sum_words(moneys: Mapping[str, Decimal]) -> str:
    return ", ".join(money_words(Money(amount, currency)) for currency, amount in sorted(moneys.items()))
