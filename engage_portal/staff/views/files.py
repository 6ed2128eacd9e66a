"""Files for Engage: what could go in files, what is on its way, and what people do about it."""

from collections.abc import Mapping
from typing import Any

import structlog
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.engage.xml import BadNamesError
from engage_portal.fallback.dropbox import is_configured
from engage_portal.fallback.models import ENDED, SpoolEvent, SpoolFile
from engage_portal.fallback.selectors import next_of_types
from engage_portal.fallback.spool import folder
from engage_portal.fallback.spool.picking import settle
from engage_portal.fallback.spool.planning import plan
from engage_portal.fallback.spool.sealing import UnsealError
from engage_portal.fallback.spool.starting import start
from engage_portal.fallback.spool.withdrawing import AT_HOME, left_because, withdraw
from engage_portal.fallback.tasks import tend_now
from engage_portal.fallback.words import (
    files_in_words,
    folder_trouble,
    goes_in_words,
    next_step,
    portions_in_words,
    trouble_in_words,
    ways_in_words,
)
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.words import items_in_words
from engage_portal.staff.outages import beside_files
from engage_portal.staff.permissions import DOWNLOAD_FILE, SPOOL, VIEW
from engage_portal.staff.spool import story, tone_of

PER_PAGE = 20
_ITEMS_SHOWN = 20
_PATIENCE = 5.0
"""Seconds for which a person waits while items are claimed; the worker claims the rest of a long queue."""

log = structlog.get_logger(__name__)


@require_safe
@staff_page(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """The plan, the files with their states, and the outage as a timeline; the last two renew themselves."""
    page = Paginator(SpoolFile.objects.order_by("-number"), PER_PAGE).get_page(request.GET.get("page"))
    turns = next_of_types()
    context = {
        "has_dropbox": is_configured(),
        "line": breaker.status(),
        **({} if request.headers.get("HX-Target") else _plan()),  # neither part that renews itself has it
        "page": page,
        "rows": [_row(file, turns) for file in page.object_list],
        "is_moving": SpoolFile.objects.exclude(state__in=ENDED).exists(),
        "timeline": beside_files(),
        "query": "",
    }
    return render(request, "staff/files.html", context)


@staff_page(SPOOL)
def begin(request: HttpRequest) -> HttpResponseBase:
    """Ask, then put what waits into files; a worker writes and uploads them."""
    if request.method != "POST":
        return render(request, "staff/files_start.html", {"line": breaker.status(), **_plan()})
    if not is_configured():
        messages.error(request, "There is no dropbox: set SFTP_URL or DROPBOX_FOLDER first.")
        return redirect("staff:files")
    if trouble := folder_trouble():
        messages.error(request, trouble)
        return redirect("staff:files")
    try:
        claimed = start(by=request.user.get_username(), end=Deadline.after(_PATIENCE))
    except BadNamesError as bad:
        messages.error(request, trouble_in_words(bad))
        return redirect("staff:files")
    if claimed.files:
        transaction.on_commit(tend_now, robust=True)
        begun = f"{files_in_words(len(claimed.files))} begun with {items_in_words(claimed.items)}."
        rest = " It goes on with what waits still." if claimed.stopped_at else ""
        messages.success(request, f"{begun} The worker writes and uploads them.{rest}")
    else:
        messages.info(request, "Nothing could go in a file.")
    return redirect("staff:files")


@require_safe
@staff_page(VIEW)
def file(request: HttpRequest, number: int) -> HttpResponse:
    """One file: what is in it, what happened to it, what can be done."""
    found = get_object_or_404(SpoolFile, pk=number)
    items = Item.objects.filter(spool_file=found.key).order_by("pk")
    item_count = items.count()
    context = {
        **_row(found, next_of_types()),
        "items": items[:_ITEMS_SHOWN],
        "item_count": item_count,
        "more": max(item_count - _ITEMS_SHOWN, 0),
        "story": story(found),
        "can_move": found.is_undecided or found.may_be_withdrawn or found.state == SpoolFile.State.READY,
        "can_download": found.is_kept,
    }
    return render(request, "staff/file.html", context)


@staff_page(SPOOL)
def take_back(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask, then withdraw a file that has not left."""
    found = get_object_or_404(SpoolFile, pk=number)
    if request.method != "POST":
        return render(request, "staff/file_withdraw.html", {"file": found})
    if withdraw(found, by=request.user.get_username()):
        messages.success(request, f"File {number} is withdrawn. Its items wait again.")
    else:
        messages.info(request, f"File {number} was left as it is: {left_because(found)}.")
    return redirect("staff:file", number)


@staff_page(SPOOL)
@require_POST
def upload_now(request: HttpRequest, number: int) -> HttpResponseBase:
    """Do not wait for the next try; files of its type before it go first."""
    found = get_object_or_404(SpoolFile, pk=number)
    if found.state in AT_HOME:
        before = SpoolFile.objects.filter(file_type=found.file_type, state__in=AT_HOME, pk__lte=number)
        before.update(not_before=clock.now())
        transaction.on_commit(tend_now, robust=True)
        messages.success(request, "It is tried in a moment; files of its type before it go first.")
    else:
        messages.info(request, f"File {number} is not waiting to be uploaded.")
    return redirect("staff:file", number)


@staff_page(SPOOL)
def decide(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask, then keep what a person found out: what became of a file whose upload broke off."""
    found = get_object_or_404(SpoolFile, pk=number)
    answer = (request.POST if request.method == "POST" else request.GET).get("was_taken")
    if answer not in {"yes", "no"}:
        messages.error(request, "Say whether Engage has it.")
        return redirect("staff:file", number)
    was_taken = answer == "yes"
    if request.method != "POST":
        return render(request, "staff/file_settle.html", {"file": found, "was_taken": was_taken})
    if settle(found, was_taken=was_taken, by=request.user.get_username()):
        words = "Engage has it: its items are accepted." if was_taken else "It is uploaded again."
        messages.success(request, words)
    else:
        messages.info(request, "That is decided already.")
    return redirect("staff:file", number)


@staff_page(DOWNLOAD_FILE)
@require_POST
def download(request: HttpRequest, number: int) -> HttpResponseBase:
    """The file itself, with all that is personal in it; who had it is kept."""
    found = get_object_or_404(SpoolFile, pk=number, is_kept=True)
    try:
        with folder.readable(found) as path:
            content = path.open("rb")
    except (OSError, UnsealError) as trouble:
        log.warning("a spool file cannot be downloaded", file=number, problem=type(trouble).__name__)
        messages.error(request, "The file does not lie on this machine, or cannot be opened with SPOOL_KEY.")
        return redirect("staff:file", number)
    SpoolEvent.objects.create(file=found, what="downloaded", actor=request.user.get_username())
    return FileResponse(content, as_attachment=True, filename=found.name, content_type="application/xml")


def _row(found: SpoolFile, turns: Mapping[str, int]) -> dict[str, Any]:
    return {"file": found, "tone": tone_of(found.state), "next_step": next_step(found, turns)}


def _plan() -> dict[str, Any]:
    if is_configured() and (trouble := folder_trouble()):
        return {"trouble": trouble}
    try:
        wanted = plan()
    except BadNamesError as bad:
        return {"trouble": trouble_in_words(bad)}
    return {
        "plan": wanted,
        "goes": goes_in_words(wanted),
        "looked_at": portions_in_words(),
        "ways": ways_in_words(wanted),
    }
