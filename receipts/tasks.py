"""Background work about receipts. Each may be lost, run twice, or run at the same time as another."""

from uuid import UUID

import structlog
from django.conf import settings

from contacts.models import Contact
from contacts.snapshots import OUTAGES
from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError, NotFound
from engage_portal.outbox.tasks import SLICE_SECONDS
from receipts.history.shown import history_complete
from receipts.stores import is_due, stores_fetch

log = structlog.get_logger(__name__)


def read_stores() -> bool:
    """Once a minute: read Engage's stores where that is due, once an hour or when something waits for it.

    False where nothing was read.
    """
    if settings.RECEIPT_STORES == "ignore" or not is_due():
        return False
    try:
        stores_fetch(deadline=Deadline.after(settings.ENGAGE_READ_TIMEOUT))
    except OUTAGES:
        return False
    except EngageError as refused:
        log.warning("engage refuses to list its stores", why=str(refused))
        return False
    return True


def complete_history(contact_id: str) -> bool:
    """Read what our copy of a member's purchases lacks; False where Engage did not answer, or it took too long."""
    contact = Contact.objects.select_related("same_as").filter(pk=UUID(contact_id)).first()
    if contact is None or contact.engage_id is None:
        return False
    try:
        return history_complete(contact=contact, until=Deadline.after(SLICE_SECONDS))
    except NotFound:
        return False
