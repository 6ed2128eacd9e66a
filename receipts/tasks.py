"""Background work about receipts. Each may be lost, run twice, or run at the same time as another."""

import structlog
from django.conf import settings

from contacts.snapshots import OUTAGES
from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError
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
