"""A member's overview and profile, and what they change there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from contacts.forms import ADDRESS, CHANNEL, NAMES, REACH, WAITS, PreferencesForm, ProfileForm
from contacts.kinds import UPDATE
from contacts.labels import CHANNELS
from contacts.models import Contact
from contacts.selectors import fields_refused, keys_of_others
from contacts.services import Asked, contact_current, contact_update
from contacts.shapes import check_body
from contacts.snapshots import contact_as_read, contact_want, read_together
from contacts.wording import consent_texts
from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from engage_portal.accounts.models import User
from engage_portal.accounts.services import customer_follows
from engage_portal.engage import Conflict, Rejected
from engage_portal.outbox import pauses
from engage_portal.outbox.line import breaker
from promotions.selectors import offers_for
from promotions.services.offers import offers_want
from receipts.history.pages import history_want
from receipts.history.shown import purchases_newest
from receipts.selectors.purchases import PurchaseStatus

_NEWEST = 6
_FORM = ["GET", "HEAD", "POST"]
_NOTHING = "Nothing was changed."
_REFUSED = "The programme doesn’t take this. Our stores are happy to help."


@dataclass(frozen=True, slots=True)
class Choice:
    """One yes or no that a member gave."""

    label: str
    is_yes: bool
    waits: bool


@require_safe
@customer_page
def overview(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Who they are, what they bought last, what they may use."""
    wants = {
        "contact": contact_want(visit.contact),
        "history": history_want(visit.contact),
        "offers": offers_want(visit.contact),
    }
    reads = read_together(contact=visit.contact, wants=wants, deadline=visit.deadline)
    contact = contact_as_read(visit.contact, reads["contact"])
    purchases = purchases_newest(visit.contact, count=_NEWEST)
    context = {
        "contact": contact.value,
        "purchases": purchases,
        "some_on_their_way": any(each.status is PurchaseStatus.ON_ITS_WAY for each in purchases),
        "offers": [offer for offer in offers_for(visit.contact) if offer.state.is_usable],
        "age": age_of(contact, reads["history"], reads["offers"]),
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
        "waiting": _lines(set(read.value.changes)),
        "refused": _lines(fields_refused(read.value)) if read.value.changes else set(),
        "age": age_of(read),
    }
    return render(request, "contacts/profile.html", context)


@require_http_methods(_FORM)
@customer_page
def profile_edit(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Change name, address and how to reach them. What Engage refuses stays in its field, with a word about it."""
    if request.method != "POST":
        read = contact_current(contact=visit.contact, deadline=visit.deadline)
        return _profile_form(request, ProfileForm(contact=read.value))
    form = ProfileForm(request.POST, contact=visit.contact)
    if form.is_valid() and _profile_saved(request, visit, form):
        return redirect("contacts:profile")
    return _profile_form(request, form)


def _profile_saved(request: HttpRequest, visit: Visit, form: ProfileForm) -> bool:
    """Save what was touched; False where that was refused, and then the form says why."""
    touched = [name for name in REACH if form.changes.get(name)]
    try:
        check_body(form.changes)
        # Engage says who has a key; where it is not asked now, our copy does.
        if not _goes_now() and (taken := keys_of_others(visit.contact, form.changes)):
            form.is_taken(taken)
            return False
        _save(request, visit, form.changes)
    except Rejected as refused:
        form.complain(refused.field_errors)
        return False
    except Conflict as conflict:
        named = [name for name in touched if name.lower() in conflict.message.lower()]
        form.is_taken(named or touched)
        return False
    return True


def _goes_now() -> bool:
    return breaker.is_closed() and not pauses.current().cover(kind=UPDATE, store="")


def _save(request: HttpRequest, visit: Visit, body: Mapping[str, Any]) -> None:
    """Send what was touched, and say what became of it. Raises EngageError for a refusal."""
    if not body:
        messages.info(request, _NOTHING)
        return
    asked = Asked(actor="member", channel=CHANNEL)
    written = contact_update(contact=visit.contact, body=body, asked=asked, deadline=visit.deadline)
    if written.is_live and isinstance(request.user, User):
        customer_follows(user=request.user, contact=written.contact)
    messages.success(request, "Saved." if written.is_live else WAITS)


def _profile_form(request: HttpRequest, form: ProfileForm) -> HttpResponseBase:
    parts = {"Your name": NAMES, "How to reach you": REACH, "Your address": ADDRESS}
    context = {
        "form": form,
        "parts": {title: [form[name] for name in names] for title, names in parts.items()},
    }
    return render(request, "contacts/profile_form.html", context)


@require_http_methods(_FORM)
@customer_page
def preferences(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What they allow. Only the answers that were touched are sent."""
    texts = consent_texts()
    if request.method != "POST":
        read = contact_current(contact=visit.contact, deadline=visit.deadline)
        form = PreferencesForm(contact=read.value, texts=texts)
    else:
        form = PreferencesForm(request.POST, contact=visit.contact, texts=texts)
        if form.is_valid() and _preferences_saved(request, visit, form):
            return redirect("contacts:preferences")
    return render(request, "contacts/preferences.html", {"form": form})


def _preferences_saved(request: HttpRequest, visit: Visit, form: PreferencesForm) -> bool:
    try:
        _save(request, visit, form.body)
    except (Rejected, Conflict):
        form.add_error(None, _REFUSED)
        return False
    return True


def _lines(names: set[str]) -> set[str]:
    """The lines of the profile on which some attributes stand."""
    lines = {"name": NAMES, "email": ("email",), "phone": ("mobilePhone",), "address": (*ADDRESS, "country")}
    return {line for line, those in lines.items() if names & set(those)}


def _choices(contact: Contact) -> list[Choice]:
    """The channels they agreed to; only those on which the programme has an answer."""
    held = {**contact.snapshot, **contact.changes}
    return [
        Choice(label, bool(held[name]), name in contact.changes)
        for name, label in CHANNELS.items()
        if held.get(name) is not None
    ]


def _address(data: dict[str, Any]) -> list[str]:
    """The postal address, line by line."""
    lines = (
        str(data.get("street") or ""),
        " ".join(str(data[key]) for key in ("zipCode", "city") if data.get(key)),
        str(data.get("country") or ""),
    )
    return [line for line in lines if line]
