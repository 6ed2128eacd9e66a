"""Whose a sale is: choose, look at who that is, and only then it is sent again."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from contacts.labels import label_of
from contacts.services.linking import link_target
from engage_portal.accounts.access import staff_page
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import EngageError, NotFound
from engage_portal.outbox.models import Item
from engage_portal.staff.candidates import facing
from engage_portal.staff.masks import shown
from engage_portal.staff.permissions import CORRECT, RETRY
from receipts.models import Receipt
from receipts.services.owners import OwnerRefusedError, key_given, owner_candidates, owner_choose, ownerless

_AWAY = "Engage isn’t answering right now. Please try again in a little while."
_LONGEST_ID = 60


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(CORRECT)
def owner(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Who may be meant by the key of a sale; one of them is looked at, and then gets it."""
    item = get_object_or_404(Item, pk=pk)
    receipt = ownerless(item)
    if receipt is None:
        messages.info(request, "Nothing waits for this decision any more.")
        return redirect("staff:item", item.pk)
    if request.method != "POST":
        return _choice(request, item, receipt)
    guid = parse_guid(request.POST.get("engage_id", "").strip().lower())
    if guid is None:
        return _choice(
            request, item, receipt, problem="Please enter an id of Engage’s: 36 characters, with hyphens."
        )
    return _give(request, item, receipt, EngageContactId(str(guid)))


def _give(request: HttpRequest, item: Item, receipt: Receipt, engage_id: EngageContactId) -> HttpResponseBase:
    deadline = Deadline.after(settings.PORTAL_TIME_BUDGET)
    try:
        if "confirmed" not in request.POST:
            target = link_target(engage_id=engage_id, deadline=deadline)
            context = {**_sale(item, receipt), "facing": facing(key_given(receipt), target)}
            return render(request, "staff/receipt_owner_confirm.html", context)
        owner_choose(item=item, engage_id=engage_id, by=request.user.get_username(), deadline=deadline)
    except NotFound:
        return _choice(request, item, receipt, problem="Engage has no contact with this id.")
    except OwnerRefusedError as refused:
        messages.warning(request, str(refused))
        return redirect("staff:item", item.pk)
    except EngageError:
        return _choice(request, item, receipt, problem=_AWAY)
    messages.success(request, "It has its contact now, and is on its way to Engage again.")
    return redirect("staff:item", item.pk)


def _choice(request: HttpRequest, item: Item, receipt: Receipt, *, problem: str = "") -> HttpResponse:
    """Who in Engage has the key, where Engage says so; an id can always be typed."""
    context: dict[str, Any] = {**_sale(item, receipt), "problem": problem}
    context["typed"] = request.POST.get("engage_id", "")[:_LONGEST_ID]
    context["may_retry"] = request.user.has_perm(RETRY)
    if problem != _AWAY:
        try:
            found = owner_candidates(receipt=receipt, deadline=Deadline.after(settings.PORTAL_TIME_BUDGET))
            context["candidates"] = [facing(key_given(receipt), target) for target in found]
        except EngageError:
            context["is_away"] = True
    return render(request, "staff/receipt_owner.html", context)


def _sale(item: Item, receipt: Receipt) -> dict[str, Any]:
    """What a page says of the sale; its key is masked."""
    key = [(label_of(name), shown(name, value, revealed=False)) for name, value in key_given(receipt).items()]
    return {"item": item, "receipt": receipt, "key": key}
