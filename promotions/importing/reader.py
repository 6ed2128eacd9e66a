"""The reader of promotions exports."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO

from contacts.importing.profile import current_profile
from contacts.importing.readers import Found, Reader
from contacts.importing.reporting import Report
from contacts.models import ExportFile
from engage_portal.core import clock
from engage_portal.engage.xml import (
    Glimpse,
    PromotionSurvey,
    promotion_records,
    promotion_survey,
)
from promotions.importing.pieces import RUN, Piece
from promotions.models import Withdrawal

PIECE = 1000
"""Records that are put in at once."""
REMEMBERED = timedelta(days=90)
"""How long a withdrawal is kept in mind: far longer than a file of before lies around unread."""
_ROOT, _WORD = "promotions", "promotion"


class PromotionsReader(Reader):
    """Puts offers into the copy."""

    kind = ExportFile.Kind.PROMOTIONS

    def __init__(self) -> None:
        self._names = current_profile().promotions_export

    @classmethod
    def recognises(cls, beginning: Glimpse, name: str) -> bool:
        """By its root, or by anything with a `couponId`; by its name only where it cannot be read at all."""
        if not beginning.root:
            return _WORD in name.lower()
        if beginning.root == current_profile().contacts_export.root:
            return False
        return beginning.has_coupons or beginning.root.lower() == _ROOT

    def survey(self, stream: BinaryIO, *, seen: Callable[[int], None]) -> PromotionSurvey:
        """Check all of it and count."""
        return promotion_survey(stream, self._names, seen=seen)

    def alarms(self, file: ExportFile, found: Found) -> Iterator[str]:
        """What was left out. Missing numbers are not told: how these files are numbered is not public."""
        del file
        if isinstance(found, PromotionSurvey) and found.unknown:
            yield f"{found.unknown} elements have no couponId and were left out."

    def pieces(self, file: ExportFile, stream: BinaryIO) -> Iterator[Piece]:
        """A thousand assignments at a time."""
        return self._some(file, stream, _run_before(file))

    def _some(self, file: ExportFile, stream: BinaryIO, run_before: datetime | None) -> Iterator[Piece]:
        """Without the database: it may run in a thread."""
        position, left = file.position, promotion_records(stream, self._names, skip=file.position)
        while some := list(islice(left, PIECE)):
            position += len(some)
            yield Piece(some, as_of=file.made_at, run_before=run_before, position=position)

    def finish(self, file: ExportFile, report: Report) -> list[ExportFile]:
        """Forget old withdrawals."""
        del report
        Withdrawal.objects.filter(as_of__lt=clock.now() - REMEMBERED).delete()
        return [file]


def _run_before(file: ExportFile) -> datetime | None:
    """When Engage made the last file of the run before this one's."""
    read = ExportFile.objects.filter(
        kind=file.kind, state__in=[ExportFile.State.DONE, ExportFile.State.PASSED]
    )
    earlier = read.filter(made_at__lt=file.made_at - RUN).order_by("-made_at")
    return earlier.values_list("made_at", flat=True).first()
