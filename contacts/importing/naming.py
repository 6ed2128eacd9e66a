"""What a file's name says: when Engage made it, and which of a run's files it is."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import get_default_timezone

# `20230507181112_16_members.xml` [developer.voyado.com/docs/file-based-transfer/contact-xml-export]. The time's zone is
# not documented: the tenant's is taken.
_NAME = re.compile(r"(\d{14})_(\d{1,9})_.+\.xml", re.ASCII | re.IGNORECASE)
_LONGEST = 255


class ImportRefusedError(Exception):
    """A file that is not taken in, or not read. Its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class ExportName:
    """A name, taken apart. A name that is not Engage's has neither time nor number."""

    text: str
    made_at: datetime | None = None
    number: int | None = None


def export_name(text: str) -> ExportName:
    """Take a file name apart. Raises ImportRefusedError for a path, an impossible time, or no name at all."""
    if not text or len(text) > _LONGEST or not text.isprintable() or set(text) & set("/\\") or text[0] == ".":
        raise ImportRefusedError("This is no file name such as 20260412100003_0_members.xml.")
    found = _NAME.fullmatch(text)
    if found is None:
        return ExportName(text)
    try:
        made_at = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=get_default_timezone())
    except ValueError:
        raise ImportRefusedError("The name of the file begins with an impossible time.") from None
    return ExportName(text, made_at, int(found[2]))
