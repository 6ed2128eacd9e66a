"""Giving offers on trust: what a till is promised before Engage has heard of it, within the store's rule."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from engage_portal.core import clock
from engage_portal.engage import Conflict
from engage_portal.outbox.control import CANCELLABLE, cancel
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import OPEN
from promotions.models import Assignment, Redemption, TrustedUse, TrustRule
from promotions.selectors.offers import entry_of, offers_known_at, ways_of
from promotions.selectors.trust import (
    NO_REFUSALS,
    Limit,
    Worth,
    given_today,
    limit_for,
    limit_words,
    rule_for,
    today,
    worth_of,
)
from promotions.services.amounts import kept_amount

NOT_ON_TRUST = "NotOnTrust"
_LARGEST_PERCENT = 10**5


def trust_take(redemption: Redemption, assignment: Assignment | None) -> None:
    """Count a redemption that Engage does not hear of now, in the transaction that accepts it.

    Raises Conflict where the store's rule forbids it: nothing may be kept then. Tills of one store count one after
    another, so that they cannot exceed a limit together.
    """
    limit = _take(redemption, assignment, is_forced=False)
    if limit is not None:
        raise _refused(limit)


def trust_take_late(redemption: Redemption, assignment: Assignment | None, item: Item, *, actor: str) -> None:
    """The same after Engage was asked and did not answer. Raises Conflict where the rule forbids it; nothing is kept.

    What Engage may have taken cannot be refused any more: it is counted as beyond the rule, and kept. May run twice:
    what is counted already stays as it is.
    """
    with transaction.atomic():
        current = Item.objects.select_for_update().get(pk=item.pk)
        if current.state not in OPEN:
            return  # meanwhile a worker brought it there: nobody was trusted
        if _of(redemption).exists():
            return
        may_be_there = current.was_in_doubt or current.state not in CANCELLABLE
        limit = _take(redemption, assignment, is_forced=may_be_there)
        if limit is None or may_be_there:
            return
        cancel(items=Item.objects.filter(pk=item.pk), by=actor, reason=limit_words(limit))
    raise _refused(limit)


def trust_confirmed(*redemptions: Redemption) -> None:
    """Engage has them."""
    _of(*redemptions).update(outcome=TrustedUse.Outcome.CONFIRMED)


def trust_refused(redemption: Redemption) -> None:
    """Engage refused it, and the customer has it: that is what it cost."""
    _of(redemption).update(outcome=TrustedUse.Outcome.REFUSED)


def is_refused(item: Item) -> bool:
    """Whether it needs a person because Engage said no to it, not for want of an answer."""
    return item.needs_attention and item.reason_code not in NO_REFUSALS


def trust_give_back(redemption: Redemption) -> None:
    """The sale was cancelled: nothing was given."""
    _of(redemption).delete()


def _take(redemption: Redemption, assignment: Assignment | None, *, is_forced: bool) -> Limit | None:
    rule = rule_for(redemption.store)
    if rule is not None:  # the lock: whoever counts under this rule waits for us
        rule = TrustRule.objects.select_for_update().filter(pk=rule.pk).first()
    way = ways_of(entry_of(assignment)).get(redemption.channel) if assignment else None
    worth = worth_of(way)
    given = given_today(redemption.store, rule)
    limit = limit_for(rule, worth, fetched_at=_fetched_at(assignment), given=given)
    if limit is None or is_forced:
        _count(redemption, worth, currency=rule.currency if rule else "", is_beyond=limit is not None)
    return limit


def _count(redemption: Redemption, worth: Worth, *, currency: str, is_beyond: bool) -> None:
    money = worth.money_in(currency) or worth.money_in("")
    percent = worth.percent
    TrustedUse.objects.create(
        redemption_id=redemption.pk,
        store=redemption.store,
        day=today(),
        kind=worth.kind[:20],
        percent=percent if percent is not None and 0 <= percent < _LARGEST_PERCENT else None,
        **kept_amount(money),
        is_beyond=is_beyond,
        accepted_at=clock.now(),
    )


def _fetched_at(assignment: Assignment | None) -> datetime | None:
    return offers_known_at(assignment.contact_id) if assignment else None


def _of(*redemptions: Redemption) -> QuerySet[TrustedUse]:
    return TrustedUse.objects.filter(redemption_id__in=[each.pk for each in redemptions])


def _refused(limit: Limit) -> Conflict:
    return Conflict(limit_words(limit), error_code=NOT_ON_TRUST)
