"""What somebody should know about a file, though it is read: sentences without personal data."""

from collections.abc import Iterator

from contacts.importing import turns
from contacts.models import ExportFile
from engage_portal.core.masking import masked
from engage_portal.engage.xml import Survey

_MOST = 10


def of(file: ExportFile, found: Survey) -> Iterator[str]:
    """The alarms of a file that was looked through."""
    for name, number in list(found.unknown_sections.items())[:_MOST]:
        yield (
            f"The section “{masked(name)}” is unknown; {number} records in it were left out. "
            "ENGAGE_FILE_PROFILE can name it."
        )
    for name, number in list(found.unknown_records.items())[:_MOST]:
        yield (
            f"{number} elements “{masked(name)}” are no known records and were left out. "
            "ENGAGE_FILE_PROFILE can name them."
        )
    if file.number is None:
        return
    last = turns.before(file).first()
    if last is not None and last.number is not None and file.number not in {0, last.number + 1}:
        yield f"A file is missing between number {last.number} ({last.name}) and number {file.number}."
    later = ExportFile.objects.filter(kind=file.kind, state=ExportFile.State.DONE, number__isnull=False)
    if later.filter(made_at__gt=file.made_at).exists():
        yield "A later file was read before this one; what it said about the same people stays."
