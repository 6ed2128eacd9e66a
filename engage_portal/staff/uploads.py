"""Where the uploads of staff meet the import: the only module of the screens that knows how files are taken in."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from contacts.importing import ImportRefusedError, take_upload
from contacts.importing.tasks import queue_reading
from contacts.models import ExportFile
from engage_portal.core import clock


@dataclass(slots=True)
class Taken:
    """What became of the files that somebody sent."""

    new: list[ExportFile] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Names of files whose content came in before."""
    refused: list[str] = field(default_factory=list)
    """A sentence for each that was not taken in, with its name."""


def take(files: "Iterable[UploadedFile[bytes]]", *, by: str, is_complete: bool) -> Taken:
    """Take files in, each by itself, and wake a worker that reads them. May run twice: content is taken once."""
    taken = Taken()
    for file in files:
        name, began = str(file.name), clock.now()
        try:
            row = take_upload(name, file.chunks(), by, is_complete=is_complete)
        except ImportRefusedError as refused:
            taken.refused.append(f"{name}: {refused}")
        except OSError:
            taken.refused.append(f"{name}: there was no room to keep it. Please tell an administrator.")
        else:
            if row.added_at >= began:
                taken.new.append(row)
            else:
                taken.known.append(name)
    if taken.new:
        transaction.on_commit(queue_reading, robust=True)
    return taken
