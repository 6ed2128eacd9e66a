"""What staff do with one contact: correct it, say who it is in Engage, delete it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from contacts.models import Contact
from contacts.services import Asked, contact_delete, contact_forget
from contacts.services.correcting import contact_correct
from contacts.services.linking import LinkRefusedError, contact_link, link_candidates, link_target, needs_link
from contacts.services.revealing import contact_reveal
from engage_portal.accounts.access import staff_page
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId, parse_guid
from engage_portal.engage import Conflict, EngageError, NotFound, Rejected
from engage_portal.staff.candidates import facing
from engage_portal.staff.contact_page import page_of
from engage_portal.staff.correction import CorrectForm
from engage_portal.staff.permissions import CORRECT, REVEAL
from engage_portal.staff.views.contacts import contact_or_404

_AWAY = "Engage isn’t answering right now. Please try again in a little while."
_TAKEN = "Somebody else here has this e-mail address, phone or number already."
_QUESTION_AND_ACT = ["GET", "HEAD", "POST"]


@require_http_methods(_QUESTION_AND_ACT)
@staff_page(CORRECT)
def correct(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Give what waits or was refused another value, and send it again."""
    found = contact_or_404(pk)
    if "reveal" in request.POST:
        if not request.user.has_perm(REVEAL):
            raise PermissionDenied("Your sign-in doesn’t include this. An administrator can change that.")
        contact_reveal(contact=found, by=request.user.get_username())
        return _correction(request, found, None, revealed=True)
    if request.method != "POST":
        return _correction(request, found, None, revealed=False)
    form = CorrectForm(request.POST, page=page_of(found, revealed=False))
    if not form.is_valid() or not _corrected(request, found, form):
        return _correction(request, found, form, revealed=False)
    return redirect("staff:contact", found.pk)


def _corrected(request: HttpRequest, found: Contact, form: CorrectForm) -> bool:
    """Save what was changed; False where that was refused, and then the form says why."""
    try:
        done = contact_correct(contact=found, changes=form.changes, by=request.user.get_username())
    except Rejected as refused:
        form.complain(refused.field_errors, refused.message)
        return False
    except Conflict:
        form.add_error(None, _TAKEN)
        return False
    if not done.fields:
        messages.info(request, "Nothing was changed.")
    elif done.sent_again:
        messages.success(request, "Corrected, and on its way to Engage again.")
    else:
        messages.success(request, "Corrected. It goes to Engage with what waits.")
    return True


def _correction(
    request: HttpRequest, found: Contact, form: CorrectForm | None, *, revealed: bool
) -> HttpResponse:
    page = page_of(found, revealed=revealed)
    context = {"page": page, "form": form or CorrectForm(page=page)}
    return render(request, "staff/contact_correct.html", context)


@require_http_methods(_QUESTION_AND_ACT)
@staff_page(CORRECT)
def link(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Say which contact of Engage's somebody is: choose, look at who that is, and only then tie them."""
    found = contact_or_404(pk)
    if not needs_link(found):
        messages.info(request, "Nothing waits for this decision any more.")
        return redirect("staff:contact", found.pk)
    if request.method != "POST":
        return _choice(request, found)
    guid = parse_guid(request.POST.get("engage_id", "").strip().lower())
    if guid is None:
        return _choice(request, found, problem="Please enter an id of Engage’s: 36 characters, with hyphens.")
    return _tie(request, found, EngageContactId(str(guid)))


def _tie(request: HttpRequest, found: Contact, engage_id: EngageContactId) -> HttpResponseBase:
    deadline = Deadline.after(settings.PORTAL_TIME_BUDGET)
    try:
        if "confirmed" not in request.POST:
            target = link_target(engage_id=engage_id, deadline=deadline)
            here = {**found.snapshot, **found.changes}
            context = {"page": page_of(found, revealed=False), "facing": facing(here, target)}
            return render(request, "staff/contact_link_confirm.html", context)
        linked = contact_link(
            contact=found, engage_id=engage_id, by=request.user.get_username(), deadline=deadline
        )
    except NotFound:
        return _choice(request, found, problem="Engage has no contact with this id.")
    except LinkRefusedError as refused:
        messages.warning(request, str(refused))
        return redirect("staff:contact", found.pk)
    except EngageError:
        return _choice(request, found, problem=_AWAY)
    messages.success(request, "Linked. What waited goes on.")
    return redirect("staff:contact", linked.pk)


def _choice(request: HttpRequest, found: Contact, *, problem: str = "") -> HttpResponse:
    """Who in Engage has one of the keys, where Engage says so; an id can always be typed."""
    context: dict[str, Any] = {"page": page_of(found, revealed=False), "problem": problem}
    context["typed"] = request.POST.get("engage_id", "")[:60]
    if problem != _AWAY:
        try:
            deadline = Deadline.after(settings.PORTAL_TIME_BUDGET)
            context["candidates"] = link_candidates(contact=found, deadline=deadline)
        except EngageError:
            context["is_away"] = True
    return render(request, "staff/contact_link.html", context)


@require_http_methods(_QUESTION_AND_ACT)
@staff_page(CORRECT)
def delete(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Delete a contact in Engage and forget it here. Asks first: it cannot be undone from here."""
    found = contact_or_404(pk)
    if found.deleted_at is not None:
        messages.info(request, "This contact was deleted already.")
        return redirect("staff:contact", found.pk)
    if request.method != "POST":
        return render(request, "staff/contact_delete.html", {"page": page_of(found, revealed=False)})
    by = request.user.get_username()
    try:
        is_done = contact_delete(
            contact_id=found.pk,
            source=settings.ENGAGE_SOURCE,
            asked=Asked(actor=by, channel="staff"),
            deadline=Deadline.after(settings.PORTAL_TIME_BUDGET),
        )
    except NotFound:
        contact_forget(contact_id=found.pk, actor=by)
        is_done = True
    except EngageError as refused:
        messages.error(request, f"Engage refused: {refused.message or 'it gave no reason.'}")
        return redirect("staff:contact", found.pk)
    told = (
        "Deleted, here and in Engage." if is_done else "Deleted here. Engage is told as soon as it answers."
    )
    messages.success(request, told)
    return redirect("staff:contact", found.pk)
