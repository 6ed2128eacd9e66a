"""Signing in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Customers and staff."""

    name = "engage_portal.accounts"
    label = "accounts"
