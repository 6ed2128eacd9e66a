"""Exports that Engage makes, and a portal that reads them."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contacts.importing import Report, read_next, take_upload
from contacts.models import Contact, ExportFile
from engage_portal.core import clock
from engage_portal.sandbox import exports

MAJA, NILS, TUVA = (exports.guid(number) for number in (1, 2, 3))
_numbers = iter(range(10**9))


def file_name(made_at: datetime, number: int = 0) -> str:
    """As Engage names an export, in the tenant's zone."""
    from django.utils.timezone import localtime

    return f"{localtime(made_at):%Y%m%d%H%M%S}_{number}_members.xml"


def export(**sections: Iterable[dict[str, str]]) -> bytes:
    """The bytes of an export. Each has other bytes, so that none is known already."""
    out = io.StringIO()
    exports.write(out, **sections)
    return f"{out.getvalue()}<!-- {next(_numbers)} -->".encode()


def taken(
    content: bytes, *, made_at: datetime | None = None, number: int = 0, name: str = "", **more
) -> ExportFile:
    """The portal has the file."""
    return take_upload(name or file_name(made_at or clock.now(), number), [content], "Sam", **more)


def imported(*, made_at: datetime | None = None, **sections: Iterable[dict[str, str]]) -> Report:
    """One export is read to its end; what came of it."""
    file = taken(export(**sections), made_at=made_at)
    return read(file)


def read(file: ExportFile) -> Report:
    """The file is read, with those before it."""
    while read_next() is not None:
        pass
    file.refresh_from_db()
    assert file.state == ExportFile.State.DONE, file.problem
    assert file.position == file.total
    report = Report.of(file.report)
    assert report.new + report.changed + report.unchanged + report.deleted + report.skipped == file.total
    return report


def outcome(report: Report) -> dict[str, int]:
    """The numbers that are not nought."""
    names = ("new", "changed", "unchanged", "deleted", "skipped")
    return {name: number for name in names if (number := getattr(report, name))}


def ago(**what: int) -> datetime:
    """A moment before this one, in whole seconds as file names have them."""
    return clock.now().replace(microsecond=0) - timedelta(**what)


def by_engage_id(engage_id: str) -> Contact:
    """The contact with this id in Engage."""
    return Contact.objects.get(engage_contact_id=UUID(engage_id))


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
