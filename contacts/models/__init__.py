"""The tables about contacts."""

from contacts.models.answers import Answer, ConsentText
from contacts.models.batches import Batch, BatchRow
from contacts.models.contact import KEY_FIELDS, Contact, OwnNumber
from contacts.models.copying import ExportFile, Feed, ToRefresh
from contacts.models.journal import ContactEvent, Happened

__all__ = [
    "KEY_FIELDS",
    "Answer",
    "Batch",
    "BatchRow",
    "ConsentText",
    "Contact",
    "ContactEvent",
    "ExportFile",
    "Feed",
    "Happened",
    "OwnNumber",
    "ToRefresh",
]
