"""Only for `manage.py demo`: the sandbox itself is a program without Django."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Commands around the sandbox."""

    name = "engage_portal.sandbox"
    label = "sandbox"
