"""Sending items again and giving them up: one, some, or all that a filter shows."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from engage_portal.accounts.access import staff_page
from engage_portal.outbox import control
from engage_portal.outbox.control import CANCELLABLE, RETRYABLE
from engage_portal.outbox.models import Item
from engage_portal.staff.forms import CancelForm
from engage_portal.staff.permissions import CANCEL, RETRY
from engage_portal.staff.wishes import MOST_WITHOUT_ASKING, Wish

_SHOWN = 5


@staff_page(RETRY)
@require_POST
def retry(request: HttpRequest) -> HttpResponseBase:
    """Send items again; asks first where many are meant."""
    wish = Wish.read(request.POST)
    wanted = wish.items(RETRYABLE)
    count = wanted.count()
    if not count:
        return _nothing(request, "Nothing was selected.")
    if count > max(MOST_WITHOUT_ASKING, wish.confirmed):
        return render(request, "staff/retry_confirm.html", _question(request, wish, wanted, count))
    done = control.retry(items=wanted, by=request.user.get_username())
    messages.success(request, str(done))
    return redirect(_back(request))


@staff_page(CANCEL)
@require_POST
def cancel(request: HttpRequest) -> HttpResponseBase:
    """Give items up. Asks first, always: it cannot be undone, and the history needs a reason."""
    wish = Wish.read(request.POST)
    wanted = wish.items(CANCELLABLE)
    can_go = wanted.filter(state__in=CANCELLABLE)
    count = can_go.count()
    if not count and not wish.confirmed:
        settled = wanted.exists()
        return _nothing(request, "It is on its way or settled." if settled else "Nothing was selected.")
    form = CancelForm(request.POST if wish.confirmed else None)
    if count > wish.confirmed or not form.is_valid():
        context = {**_question(request, wish, can_go, count), "form": form, "left": wanted.count() - count}
        return render(request, "staff/cancel_confirm.html", context)
    done = control.cancel(items=wanted, by=request.user.get_username(), reason=form.cleaned_data["reason"])
    messages.add_message(request, messages.SUCCESS if done.cancelled else messages.INFO, str(done))
    return redirect(_back(request))


def _nothing(request: HttpRequest, why: str) -> HttpResponseBase:
    messages.info(request, why)
    return redirect(_back(request))


def _question(request: HttpRequest, wish: Wish, found: QuerySet[Item], count: int) -> dict[str, Any]:
    """What a page needs that asks before it acts: what is meant, and how much of it."""
    shown = list(found[:_SHOWN])
    return {
        "wish": wish,
        "count": count,
        "shown": shown,
        "more": count - len(shown),
        "up_to": wish.up_to or (shown[0].pk if shown else 0),
        "has_grown": 0 < wish.confirmed < count,
        "back": _back(request),
    }


def _back(request: HttpRequest) -> str:
    """The page that the form stood on, if it is one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if ours and target.startswith("/staff/") else reverse("staff:queue")
