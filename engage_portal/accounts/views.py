"""The way in and out, for customers and for staff."""

from allauth.account.decorators import secure_admin_login
from allauth.account.views import ConfirmLoginCodeView, LoginView, RequestLoginCodeView
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engage_portal.accounts import mailbox
from engage_portal.accounts.forms import CodeForm, SignInForm, StaffSignInForm
from engage_portal.accounts.models import User


class SignInView(RequestLoginCodeView):
    """A customer asks for a code."""

    form_class = SignInForm
    template_name = "account/request_login_code.html"


class CodeView(ConfirmLoginCodeView):
    """A customer enters the code."""

    form_class = CodeForm
    template_name = "account/confirm_login_code.html"


class StaffSignInView(LoginView):
    """Staff enter their name and password; an authenticator app's code follows where they set one up."""

    form_class = StaffSignInForm
    template_name = "account/login.html"


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The front door: on to whatever this person came for."""
    user = request.user
    if not isinstance(user, User):
        return redirect("account_request_login_code")
    return redirect("staff:dashboard" if user.is_staff else "contacts:overview")


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The admin's sign-in: the staff's own, so that the limits and the second factor hold there too.

    `secure_admin_login` alone would lead to the customers' sign-in, which staff cannot use.
    """
    if not request.user.is_authenticated:
        target = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(target, reverse("account_login"))
    guarded: HttpResponseBase = secure_admin_login(admin.site.login)(request)  # type: ignore[no-untyped-call]
    return guarded


@never_cache
@require_safe
def demo_mail(request: HttpRequest) -> HttpResponse:
    """The demo's mails. Does not exist anywhere else."""
    if not mailbox.is_active():
        raise Http404
    return render(request, "accounts/demo_mail.html", {"mails": mailbox.latest()})
