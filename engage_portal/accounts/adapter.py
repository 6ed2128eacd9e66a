"""What this portal decides differently from allauth."""

import smtplib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.stages import LoginByCodeStage
from allauth.mfa.stages import AuthenticateStage
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from engage_portal.accounts.models import User

log = structlog.get_logger("engage_portal.accounts")

WORDS = {
    "account_inactive": "This sign-in is switched off.",
    "incorrect_code": "That code isn’t right. Please check it and try again.",
    "incorrect_password": "That password isn’t right.",
    "rate_limited": "That was a bit too often. Please wait a few minutes and try again.",
    "too_many_login_attempts": "That was a bit too often. Please wait a few minutes and try again.",
    "username_password_mismatch": "The user name and the password don’t match.",
}


class PortalAccountAdapter(DefaultAccountAdapter):
    """Sign-up closed, one way in per kind of person, no mail trouble on screen."""

    error_messages = {**DefaultAccountAdapter.error_messages, **WORDS}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up here: customers come from the loyalty programme, staff from an administrator."""
        del request
        return False

    def format_email_subject(self, subject: str) -> str:
        """The subject as it is; allauth would put the host's name in front."""
        return subject

    def get_login_stages(self) -> list[str]:
        """Code or password, then the authenticator app; addresses are verified by the loyalty programme."""
        return [f"{stage.__module__}.{stage.__qualname__}" for stage in (LoginByCodeStage, AuthenticateStage)]

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **hook: Any) -> HttpResponse | None:
        """Stop whoever came the wrong way: passwords are for staff, codes are for customers."""
        refused: HttpResponse | None = super().pre_login(request, user, **hook)
        if refused is None and not _may_enter(request, user):
            messages.error(request, WORDS["username_password_mismatch"])
            return redirect("account_login")
        return refused

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. Where the mail server fails the page goes on: it offers to ask for another code.

        An error on screen would also tell a stranger which addresses belong to members.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException):
            log.exception("mail_not_sent", mail=template_prefix)


def _may_enter(request: HttpRequest, user: AbstractBaseUser) -> bool:
    records = get_authentication_records(request, user)
    method = records[-1]["method"] if records else ""
    if not isinstance(user, User):
        return False
    return (method == "password" and user.is_staff) or (method == "code" and user.contact_id is not None)
