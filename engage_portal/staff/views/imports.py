"""Contacts exports: what came in, what became of it, and sending more."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from contacts.importing import pass_over, try_again
from contacts.importing.tasks import queue_reading
from contacts.models import ExportFile
from engage_portal.accounts.access import staff_page
from engage_portal.staff.forms import UploadForm
from engage_portal.staff.permissions import IMPORT
from engage_portal.staff.reports import row_of
from engage_portal.staff.uploads import take

PER_PAGE = 20
_MOVING = (ExportFile.State.WAITING, ExportFile.State.RUNNING)


@require_safe
@staff_page(IMPORT)
def overview(request: HttpRequest) -> HttpResponse:
    """The files, newest first, with what came of each."""
    return _page(request, UploadForm())


@staff_page(IMPORT)
@require_POST
def upload(request: HttpRequest) -> HttpResponseBase:
    """Take files in; a worker reads them afterwards."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    taken = take(
        form.cleaned_data["exports"],
        by=request.user.get_username(),
        is_complete=form.cleaned_data["is_complete"],
    )
    if taken.new:
        count = len(taken.new)
        messages.success(
            request, f"{count} file{'s' if count > 1 else ''} taken in. Reading begins in a moment."
        )
    for name in taken.known:
        messages.info(request, f"{name}: this content came in before and is not read twice.")
    for sentence in taken.refused:
        messages.error(request, sentence)
    return redirect("staff:imports")


@staff_page(IMPORT)
@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Read a rejected file once more."""
    if try_again(pk):
        transaction.on_commit(queue_reading, robust=True)
        messages.success(request, "It is read once more, when its turn comes.")
    else:
        messages.info(request, "It is not rejected any more.")
    return redirect("staff:imports")


@staff_page(IMPORT)
@require_POST
def skip(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Give a rejected file up, so that those after it are read."""
    if pass_over(pk):
        transaction.on_commit(queue_reading, robust=True)
        messages.success(request, "It is passed over. The files after it are read now.")
    else:
        messages.info(request, "It is not rejected any more.")
    return redirect("staff:imports")


def _page(request: HttpRequest, form: UploadForm) -> HttpResponse:
    page = Paginator(ExportFile.objects.order_by("-added_at", "-pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "form": form,
        "page": page,
        "rows": [row_of(file) for file in page.object_list],
        "is_moving": any(file.state in _MOVING for file in page.object_list),
        "query": "",
    }
    return render(request, "staff/imports.html", context)
