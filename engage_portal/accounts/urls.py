"""Signing in and out. The names are allauth's: it looks its pages up by them."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import path

from engage_portal.accounts import views
from engage_portal.accounts.access import staff_page

_staff = staff_page()

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignInView.as_view(), name="account_request_login_code"),
    path("sign-in/code/", views.CodeView.as_view(), name="account_confirm_login_code"),
    path("sign-in/closed/", account.account_inactive, name="account_inactive"),
    path("sign-out/", account.logout, name="account_logout"),
    path("staff/sign-in/", views.StaffSignInView.as_view(), name="account_login"),
    path("staff/sign-in/code/", mfa.authenticate, name="mfa_authenticate"),
    path("staff/security/", _staff(mfa.index), name="mfa_index"),
    path("staff/security/confirm/", _staff(account.reauthenticate), name="account_reauthenticate"),
    path("staff/security/confirm/code/", _staff(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("staff/security/password/", _staff(account.password_change), name="account_change_password"),
    path("staff/security/app/on/", _staff(totp.activate_totp), name="mfa_activate_totp"),
    path("staff/security/app/off/", _staff(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("staff/security/codes/", _staff(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "staff/security/codes/new/",
        _staff(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("demo/mail/", views.demo_mail, name="demo_mail"),
]
