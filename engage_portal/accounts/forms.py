"""The forms of signing in: the customer's address and code, the staff's name and password, and a new password."""

from collections.abc import Mapping
from typing import Any

from allauth.account.forms import ChangePasswordForm, ConfirmLoginCodeForm, LoginForm, RequestLoginCodeForm
from allauth.core import context, ratelimit
from django import forms
from django.conf import settings

from contacts.keys import proven_email
from contacts.services import contact_for_sign_in
from engage_portal.accounts.models import User
from engage_portal.accounts.services import customer_at, customer_user
from engage_portal.core.clock import Deadline

RATE_LIMITED = "That was a bit too often. Please wait a few minutes and try again."


def customer_for(email: str) -> User | None:
    """The customer who may sign in with this address, None where nobody may. Asks Engage where we have no copy.

    The contact's own address must be the one that was typed, letter by letter: the code goes to the typed one,
    and a look-up that is more lenient than this must never send somebody else's code.
    """
    contact = contact_for_sign_in(email=email, deadline=Deadline.after(settings.PORTAL_TIME_BUDGET))
    if contact is None:
        user = customer_at(email=email)
    else:
        user = customer_user(contact=contact) if proven_email(contact) == email else None
    return user if user and user.is_active else None


class SignInForm(RequestLoginCodeForm):
    """The first step of a customer: an e-mail address. Says the same whether it is known or not."""

    email = forms.EmailField(  # type: ignore[assignment]
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True, "spellcheck": "false"}),
        error_messages={
            "required": "Please enter your e-mail address.",
            "invalid": "That doesn’t look like an e-mail address.",
        },
    )

    def clean_email(self) -> str:
        """The address in lower case; finds its customer once the limits allow another look-up."""
        email = str(self.cleaned_data["email"]).strip().lower()
        if not ratelimit.consume(context.request, action="request_login_code", key=email):
            raise forms.ValidationError(RATE_LIMITED, code="rate_limited")
        self._user = customer_for(email)
        return email


class CodeForm(ConfirmLoginCodeForm):
    """The second step of a customer: the code from the mail, dashes and case do not matter."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Please enter the code from the mail."},
    )


class StaffSignInForm(LoginForm):
    """User name and password. allauth's "remember me" is never shown, so a session ends with the browser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _call(self, {"login": "User name", "password": "Password"})
        self.fields["login"].widget.attrs |= {
            "autofocus": True,
            "spellcheck": "false",
            "autocapitalize": "none",
        }


class StaffPasswordForm(ChangePasswordForm):
    """The password of now, and twice the one from now on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "oldpassword": "Your password now",
            "password1": "New password",
            "password2": "New password again",
        }
        _call(self, labels)
        self.fields["password1"].help_text = "At least twelve characters, and used nowhere else."


def _call(form: forms.Form, labels: Mapping[str, str]) -> None:
    """Name fields as we do on every page: above them, not inside."""
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].help_text = ""
        form.fields[name].widget.attrs.pop("placeholder", None)
