"""Contacts: finding one, looking at it, asking Engage about it."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from contacts.models import Contact
from contacts.selectors import contact_by_id
from contacts.services.refreshing import contact_refresh
from contacts.services.revealing import contact_reveal
from engage_portal.accounts.access import staff_page
from engage_portal.core.clock import Deadline
from engage_portal.engage import Conflict, EngageError, NotFound, Rejected
from engage_portal.staff.contact_page import page_of
from engage_portal.staff.looking import in_copy, in_engage, line_of, typed
from engage_portal.staff.permissions import CORRECT, REVEAL, VIEW_CONTACT

_NOBODY = "Engage doesn’t know anybody with this either. Please check it for a typing mistake."
_AWAY = "Engage isn’t answering right now. Please try again in a little while."
_NOT_A_KEY = "Engage can’t look for this. Try a whole e-mail address, phone number or member number."
_GONE = "Engage no longer has this contact. If it was deleted there, you can delete it here too."
_BORN_HERE = "Engage doesn’t know this contact yet, so there is nothing to ask for."


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_CONTACT)
def search(request: HttpRequest) -> HttpResponseBase:
    """Find a contact by any key. What was typed travels in the form's body, never in an address."""
    text = typed(request.POST.get("text", ""))
    if not text:
        return render(request, "staff/contacts.html", {"is_empty": request.method == "POST"})
    if "ask" in request.POST:
        return _ask_engage(request, text)
    found = in_copy(text)
    if len(found) == 1:
        return redirect("staff:contact", found[0].pk)
    context = {"text": text, "found": [line_of(contact) for contact in found], "can_ask": not found}
    return render(request, "staff/contacts.html", context)


def _ask_engage(request: HttpRequest, text: str) -> HttpResponseBase:
    """Ask Engage for somebody who is not here, within the time that people wait."""
    context: dict[str, object] = {"text": text, "can_ask": True}
    try:
        contact = in_engage(text, Deadline.after(settings.PORTAL_TIME_BUDGET))
    except Conflict as several:
        known = [contact_by_id(UUID(engage_id)) for engage_id in several.candidates]
        context |= {
            "found": [line_of(contact) for contact in known if contact],
            "unseen": [
                engage_id
                for engage_id, contact in zip(several.candidates, known, strict=True)
                if contact is None
            ],
        }
    except NotFound:
        context |= {"said": _NOBODY, "can_ask": False}
    except Rejected:
        context |= {"said": _NOT_A_KEY, "can_ask": False}
    except EngageError:
        context |= {"said": _AWAY}
    else:
        return redirect("staff:contact", contact.pk)
    return render(request, "staff/contacts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One contact. A form sent here asks for its personal data, for this view of the page only."""
    return (_revealed if request.method == "POST" else _masked)(request, pk)


@staff_page(VIEW_CONTACT)
def _masked(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    found = contact_or_404(pk)
    if found.pk != pk:  # an id of Engage's, or of somebody who turned out to be somebody else
        return redirect("staff:contact", found.pk)
    return _page(request, found, revealed=False)


@staff_page(VIEW_CONTACT)
@staff_page(REVEAL)
def _revealed(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    found = contact_or_404(pk)
    contact_reveal(contact=found, by=request.user.get_username())
    return _page(request, found, revealed=True)


def _page(request: HttpRequest, found: Contact, *, revealed: bool) -> HttpResponse:
    return render(request, "staff/contact.html", {"page": page_of(found, revealed=revealed)})


@staff_page(CORRECT)
@require_POST
def refresh(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Ask Engage about a contact now."""
    found = contact_or_404(pk)
    deadline = Deadline.after(settings.PORTAL_TIME_BUDGET)
    try:
        contact_refresh(contact=found, by=request.user.get_username(), deadline=deadline)
    except ValueError:
        messages.info(request, _BORN_HERE)
    except NotFound:
        messages.warning(request, _GONE)
    except EngageError:
        messages.warning(request, f"{_AWAY} What you see is the copy.")
    else:
        messages.success(request, "This is live: Engage has just sent it.")
    return redirect("staff:contact", found.pk)


def contact_or_404(pk: UUID) -> Contact:
    """The contact with an id of ours or of Engage's; raises Http404."""
    found = contact_by_id(pk)
    if found is None:
        raise Http404
    return found
