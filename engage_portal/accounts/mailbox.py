"""Mail for the demo: printed, and kept on a page. Active with `EMAIL_URL=demo:` only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.core.mail.backends.console import EmailBackend
from django.core.mail.message import EmailMessage

from engage_portal.core import clock

_KEY = "demo-mailbox"
_KEPT = 20
_PATH = f"{__name__}.DemoMailbox"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as the page shows it."""

    at: datetime
    to: str
    subject: str
    body: str


class DemoMailbox(EmailBackend):
    """Prints each mail and keeps the latest ones in the shared cache."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Print and keep the mails; the newest is shown first."""
        sent = super().send_messages(email_messages) or 0
        new = [
            Mail(clock.now(), ", ".join(mail.to), str(mail.subject), str(mail.body))
            for mail in email_messages
        ]
        cache.set(_KEY, [*reversed(new), *latest()][:_KEPT], timeout=None)
        return sent


def latest() -> list[Mail]:
    """The kept mails, newest first."""
    kept: list[Mail] = cache.get(_KEY, [])
    return kept


def is_active() -> bool:
    """Whether mails are for show: the demo's backend on a developer's machine."""
    return settings.DEBUG and settings.EMAIL_BACKEND == _PATH
