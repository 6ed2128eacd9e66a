"""What a store may give on trust while Engage is away: its rule, applied to an offer as our copy knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.utils import timezone

from engage_portal.core import clock
from engage_portal.engage import Money, RedemptionChannel
from promotions.models import TrustedUse, TrustRule
from promotions.selectors.offers import offers_known_at
from promotions.words import spoken


class Limit(Enum):
    """Why an offer is not given on trust."""

    KIND = "kind"
    UNKNOWN = "unknown"
    VALUE = "value"
    AGE = "age"
    USES = "uses"
    MONEY = "money"


NO_REFUSALS = (
    "Exhausted",
    "Configuration",
    "NotUnderstood",
    "NotJudged",
    "NotProcessed",
    "NotSettled",
    "LeaseLost",
    "",
)
"""Why an item needs a person although Engage did not refuse what it says."""

_WHY: Mapping[str, Mapping[Limit, str]] = {
    "en": {
        Limit.KIND: "This store does not give offers of this kind until it answers.",
        Limit.UNKNOWN: "This offer is not in our copy, and this store gives only what is.",
        Limit.VALUE: "This offer is worth more than this store gives until it answers.",
        Limit.AGE: "Our copy of these offers is too old.",
        Limit.USES: "This store has given as many offers today as it may until it answers.",
        Limit.MONEY: "This store has given as much money today as it may until it answers.",
    },
    "sv": {
        Limit.KIND: "Butiken ger inte erbjudanden av det här slaget förrän det svarar.",
        Limit.UNKNOWN: "Erbjudandet finns inte i vår kopia, och butiken ger bara det som finns där.",
        Limit.VALUE: "Erbjudandet är värt mer än butiken ger förrän det svarar.",
        Limit.AGE: "Vår kopia av erbjudandena är för gammal.",
        Limit.USES: "Butiken har i dag gett så många erbjudanden som den får förrän det svarar.",
        Limit.MONEY: "Butiken har i dag gett så mycket pengar som den får förrän det svarar.",
    },
}
_FRAME = {
    "en": "Engage is away. {} The customer keeps the offer for later.",
    "sv": "Engage svarar inte. {} Kunden har kvar erbjudandet till senare.",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a store gave on trust on a day so far, by the rule's currency."""

    uses: int = 0
    money: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Worth:
    """What an offer takes off, as far as a number says it. `kind` is empty for an offer that we do not know."""

    kind: str = ""
    percent: Decimal | None = None
    moneys: tuple[Money, ...] = ()
    """In its own currency first, then in others."""

    def money_in(self, currency: str) -> Money | None:
        """In one currency, or in its own where none is named."""
        return next((money for money in self.moneys if not currency or money.currency == currency), None)


def worth_of(way: RedemptionChannel | None) -> Worth:
    """What an offer is worth in the channel where it is used; of nothing where we do not know it."""
    if way is None:
        return Worth()
    percent = way.value if isinstance(way.value, Decimal) else None
    own = (way.value,) if isinstance(way.value, Money) else ()
    return Worth(way.value_type, percent, (*own, *way.local_values) if own else ())


def rule_for(store: str) -> TrustRule | None:
    """The store's own rule, else the one for every store, if there is one."""
    rules = {rule.store: rule for rule in TrustRule.objects.filter(Q(store=store) | Q(store=""))}
    return rules.get(store) or rules.get("")


def today() -> date:
    """The day that limits are counted by: that of the portal's zone."""
    return timezone.localdate(clock.now())


def given_today(store: str, rule: TrustRule | None) -> Given:
    """What counts towards a rule's limits; nothing is asked where it has none."""
    if rule is None or (rule.uses_a_day is None and rule.money_a_day is None):
        return Given()
    mine = TrustedUse.objects.filter(store=store, day=today())
    found = mine.aggregate(uses=Count("pk"), money=Sum("money", filter=Q(currency=rule.currency)))
    return Given(found["uses"], found["money"] or Decimal(0))


def limit_for(
    rule: TrustRule | None, worth: Worth, *, fetched_at: datetime | None, given: Given
) -> Limit | None:
    """What keeps an offer from being given on trust; None where nothing does."""
    if rule is None:
        return None
    return _by_itself(rule, worth, fetched_at) or _in_all(rule, worth, given)


def _by_itself(rule: TrustRule, worth: Worth, fetched_at: datetime | None) -> Limit | None:
    if not worth.kind:
        return None if rule.allows_unknown else Limit.UNKNOWN
    if worth.kind not in rule.kinds:
        return Limit.KIND
    if rule.most_percent is not None and worth.percent is not None and worth.percent > rule.most_percent:
        return Limit.VALUE
    if rule.most_money is not None and worth.moneys:
        money = worth.money_in(rule.currency)
        if money is None or money.amount > rule.most_money:  # what cannot be compared is not trusted
            return Limit.VALUE
    is_limited = rule.oldest_hours is not None
    return Limit.AGE if is_limited and _is_older(fetched_at, rule.oldest_hours or 0) else None


def _is_older(fetched_at: datetime | None, hours: int) -> bool:
    return fetched_at is None or clock.now() - fetched_at > timedelta(hours=hours)


def _in_all(rule: TrustRule, worth: Worth, given: Given) -> Limit | None:
    if rule.uses_a_day is not None and given.uses >= rule.uses_a_day:
        return Limit.USES
    if rule.money_a_day is not None and worth.moneys:
        money = worth.money_in(rule.currency)
        if money is None or given.money + money.amount > rule.money_a_day:
            return Limit.MONEY
    return None


@dataclass(frozen=True, slots=True)
class Trust:
    """What a till may give at this moment: everything while Engage answers, then what the store's rule allows."""

    is_away: bool
    rule: TrustRule | None
    fetched_at: datetime | None
    given: Given

    def limit(self, way: RedemptionChannel | None) -> Limit | None:
        """What keeps an offer that our copy knows from being given now, used in this way; None where nothing does."""
        if not self.is_away:
            return None
        return limit_for(self.rule, worth_of(way), fetched_at=self.fetched_at, given=self.given)


def trust_now(*, store: str, contact_id: UUID, is_away: bool) -> Trust:
    """How far a store may trust our copy of somebody's offers; no query while Engage answers."""
    if not is_away:
        return Trust(is_away=False, rule=None, fetched_at=None, given=Given())
    rule, known_at = rule_for(store), offers_known_at(contact_id)
    return Trust(is_away=True, rule=rule, fetched_at=known_at, given=given_today(store, rule))


def limit_words(limit: Limit, language: str = "") -> str:
    """A sentence or two for the cashier."""
    lang = spoken(language)
    return _FRAME[lang].format(_WHY[lang][limit])
