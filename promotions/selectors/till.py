"""A contact's offers as a till shows them: those that can be used now in words, and why the others cannot."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from contacts.models import Contact
from promotions.selectors.offers import AssignmentView, assignments_for
from promotions.selectors.states import UseState
from promotions.selectors.trust import Trust, limit_words, trust_now
from promotions.words import spoken, value_words

_WHY = {
    "en": {
        UseState.REDEEMED: ("Already used, {}.", "Already used."),
        UseState.EXPIRED: ("Over since {}.", "Over."),
        UseState.NOT_YET_VALID: ("Valid from {}.", "Not valid yet."),
    },
    "sv": {
        UseState.REDEEMED: ("Redan använt, {}.", "Redan använt."),
        UseState.EXPIRED: ("Slut sedan {}.", "Slut."),
        UseState.NOT_YET_VALID: ("Gäller från {}.", "Gäller inte än."),
    },
}


@dataclass(frozen=True, slots=True)
class OffersAtTill:
    """What a till shows."""

    usable: list[dict[str, Any]]
    """In Engage's language; each way to redeem has a `text` for the cashier, each offer whether it is `allowed` now."""
    others: list[dict[str, Any]]
    """Known, but of no use now, each with a sentence that says why."""

    @property
    def allowed(self) -> bool:
        """Whether one of them can be redeemed now: while Engage is away that is up to the store's rule."""
        return any(offer["allowed"] for offer in self.usable)


def offers_at_till(
    contact: Contact, *, channel: str | None, language: str, store: str, is_away: bool
) -> OffersAtTill:
    """A contact's offers for one channel, or all; in a bounded number of queries."""
    views = assignments_for(contact, channel=channel)
    trust = trust_now(store=store, contact_id=contact.pk, is_away=is_away)
    return OffersAtTill(
        usable=[_usable(view, trust, channel, language) for view in views if view.state.is_usable],
        others=[_other(view, language) for view in views if not view.state.is_usable],
    )


def _usable(view: AssignmentView, trust: Trust, channel: str | None, language: str) -> dict[str, Any]:
    ways = [{**way.raw, "text": value_words(way, language)} for way in view.entry.redemption_channels]
    limits = [
        trust.limit(way) for way in view.entry.redemption_channels if channel is None or way.type == channel
    ]
    is_allowed = not limits or None in limits
    return {
        **view.body,
        "redemptionChannels": ways,
        "allowed": is_allowed,
        "why": "" if is_allowed or limits[0] is None else limit_words(limits[0], language),
    }


def _other(view: AssignmentView, language: str) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "heading": view.entry.heading or view.entry.name or "",
        "state": str(view.state),
        "why": _why(view, language),
    }


def _why(view: AssignmentView, language: str) -> str:
    moments: dict[UseState, datetime | None] = {
        UseState.REDEEMED: view.redeemed_on,
        UseState.EXPIRED: view.expires_on,
        UseState.NOT_YET_VALID: view.valid_from,
    }
    dated, undated = _WHY[spoken(language)][view.state]
    at = moments[view.state]
    return dated.format(f"{timezone.localtime(at):%Y-%m-%d %H:%M}") if at else undated
