"""Receipts that came under an id that another receipt has."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.staff.permissions import SETTLE_CLASH, VIEW
from receipts.models import Clash
from receipts.services.clashes import clash_settle, clashes_seen, clashes_unseen

_SHOWN = 100
_PAST_SHOWN = 20


@require_safe
@staff_page(VIEW)
def clashes(request: HttpRequest) -> HttpResponse:
    """What nobody has dealt with, and what was dealt with."""
    unseen = clashes_unseen()
    context = {"unseen": unseen[:_SHOWN], "count": unseen.count(), "past": clashes_seen()[:_PAST_SHOWN]}
    return render(request, "staff/clashes.html", context)


@staff_page(SETTLE_CLASH)
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Mark one as dealt with."""
    if clash_settle(clash=get_object_or_404(Clash, pk=pk), by=request.user.get_username()):
        messages.success(request, "Marked as dealt with.")
    else:
        messages.info(request, "Somebody has dealt with it already.")
    return redirect("staff:clashes")
