"""Stopping the queue, or a part of it, and letting it go on."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.outbox import pauses
from engage_portal.outbox.models import Pause
from engage_portal.outbox.pauses import AlreadyPausedError
from engage_portal.outbox.words import scope
from engage_portal.staff.forms import PauseForm
from engage_portal.staff.held import held_by_each
from engage_portal.staff.permissions import PAUSE, VIEW

_PAST_SHOWN = 20


@require_safe
@staff_page(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """What is paused, why and since when; and what was."""
    return _page(request, PauseForm())


@staff_page(PAUSE)
@require_POST
def start(request: HttpRequest) -> HttpResponseBase:
    """Stop everything, a kind, a store, or a kind in a store."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        started = pauses.pause(by=request.user.get_username(), **form.cleaned_data)
    except AlreadyPausedError as error:
        form.add_error(None, str(error))
        return _page(request, form)
    messages.success(request, f"{scope(started)} is paused.")
    return redirect("staff:pauses")


@staff_page(PAUSE)
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let what a pause holds go on."""
    pause = get_object_or_404(Pause, pk=pk)
    if pauses.resume(by=request.user.get_username(), pauses=[pause]):
        messages.success(request, f"{scope(pause)}: the pause is over.")
    else:
        messages.info(request, "Somebody has ended this pause already.")
    return redirect("staff:pauses")


def _page(request: HttpRequest, form: PauseForm) -> HttpResponse:
    context = {"form": form, "held": held_by_each(pauses.running()), "past": pauses.past()[:_PAST_SHOWN]}
    return render(request, "staff/pauses.html", context)
