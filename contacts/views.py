"""A member's overview and profile."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contacts.models import Contact
from contacts.services import contact_current
from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from promotions.selectors import offers_for
from promotions.services import offers_current
from receipts.history import history_current
from receipts.selectors import purchases_for

_NEWEST = 4
_CHANNELS = (
    ("acceptsEmail", "News by e-mail"),
    ("acceptsSms", "News by text message"),
    ("acceptsPostal", "News by post"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One yes or no that a member gave."""

    label: str
    is_yes: bool


@require_safe
@customer_page
def overview(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Who they are, what they bought last, what they may use."""
    contact = contact_current(contact=visit.contact, deadline=visit.deadline)
    history = history_current(contact=visit.contact, deadline=visit.deadline)
    offers = offers_current(contact=visit.contact, deadline=visit.deadline)
    context = {
        "contact": contact.value,
        "purchases": purchases_for(visit.contact, offset=0, count=_NEWEST),
        "offers": [offer for offer in offers_for(visit.contact) if offer.usable],
        "age": age_of(contact, history, offers),
    }
    return render(request, "contacts/overview.html", context)


@require_safe
@customer_page
def profile(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What the programme knows about them."""
    read = contact_current(contact=visit.contact, deadline=visit.deadline)
    context = {
        "contact": read.value,
        "choices": _choices(read.value),
        "address": _address(read.value.data),
        "age": age_of(read),
    }
    return render(request, "contacts/profile.html", context)


def _choices(contact: Contact) -> list[Choice]:
    """The channels they agreed to; only those on which the programme has an answer."""
    preferences: dict[str, Any] = contact.data.get("preferences") or {}
    return [
        Choice(label, bool(preferences[key])) for key, label in _CHANNELS if preferences.get(key) is not None
    ]


def _address(data: dict[str, Any]) -> list[str]:
    """The postal address, line by line."""
    lines = (
        str(data.get("street") or ""),
        " ".join(str(data[key]) for key in ("zipCode", "city") if data.get(key)),
        str(data.get("country") or ""),
    )
    return [line for line in lines if line]
