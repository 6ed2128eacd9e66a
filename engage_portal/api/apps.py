"""REST plumbing."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Keys and the shape of errors."""

    name = "engage_portal.api"
    label = "api"
