"""An item as a record of a file, when it is claimed and once more when the file is written."""

from typing import Any

import structlog
from django.db import DatabaseError

from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import (
    FileRow,
    Handler,
    NothingToSendError,
    NotReadyError,
    UnsendableError,
)

log = structlog.get_logger(__name__)


def row_of(handler: Handler[Any], item: Item, subject: Any) -> FileRow | None:
    """None where it has to wait: whoever delivers it by the API finds out why, and says so.

    A fault of ours in one item must not keep all the others out of their files.
    """
    if subject is None:
        return None
    try:
        return handler.file_row(item, subject)
    except (NothingToSendError, NotReadyError, UnsendableError):
        return None
    except DatabaseError:
        raise
    except Exception:
        log.exception("an item cannot be made a record", item=item.pk, kind=item.kind)
        return None
