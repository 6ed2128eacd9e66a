"""Who may see a page: decorators for the views of customers and of staff."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from contacts.keys import proven_email
from engage_portal.accounts.models import User
from engage_portal.core.clock import Deadline
from engage_portal.engage import NotFound

View = Callable[..., HttpResponseBase]


class Visit:
    """One page view of a customer: whose data it may show, and until when it may wait for Engage."""

    def __init__(self, user: User) -> None:
        if user.contact is None:
            raise PermissionDenied("My Pages are for members. Please sign in with your own e-mail address.")
        # Somebody who signed up while Engage was away may turn out to be a member we knew already. Only the address
        # that the code went to proves that: nobody becomes another person by having given their phone number.
        known = user.contact.same_as
        if known is not None and proven_email(known) != user.email.lower():
            raise PermissionDenied("Your membership has changed. Please sign out and sign in again.")
        self.contact = known or user.contact
        self.deadline = Deadline.after(settings.PORTAL_TIME_BUDGET)


def customer_page(view: View) -> View:
    """For signed-in customers only. The contact comes from the sign-in and from nowhere else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User):
            return redirect_to_login(request.get_full_path())
        try:
            response = view(request, Visit(user), *args, **kwargs)
        except NotFound:
            # Engage answers and no longer has this contact: they left the programme while they were signed in.
            response = render(request, "pages/gone.html", status=HTTPStatus.NOT_FOUND)
        add_never_cache_headers(response)
        return response

    return guarded


def staff_page(permission: str | None = None) -> Callable[[View], View]:
    """For signed-in staff, who also hold the permission where one is named."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(_way_back(request), reverse("account_login"))
            if not request.user.is_staff:
                raise PermissionDenied("This part is for staff.")
            if permission and not request.user.has_perm(permission):
                raise PermissionDenied("Your sign-in doesn’t include this. An administrator can change that.")
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return guarded

    return decorate


def _way_back(request: HttpRequest) -> str:
    """Where to go after signing in: never to an address that only takes a form."""
    return request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("staff:dashboard")
