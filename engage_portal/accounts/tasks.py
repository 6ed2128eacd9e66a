"""What django-q2 runs for signing in."""

from importlib import import_module

from django.conf import settings


def forget_sessions() -> None:
    """Once a day: delete sessions that ended; they hold e-mail addresses and used codes. May run twice."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
