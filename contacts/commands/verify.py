"""`verify`: compares the copy with Engage, and says in which fields they differ."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db.models import QuerySet
from rich.text import Text

from contacts.commands.patience import Patience
from contacts.following.comparing import Compared, compare
from contacts.models import Contact
from engage_portal.outbox.commands.arguments import whole
from engage_portal.outbox.commands.bar import progress
from engage_portal.outbox.commands.speaking import Action, Answer, Options, Terminal
from engage_portal.outbox.commands.stopping import told_to_stop
from engage_portal.outbox.commands.tables import Rows

_SAMPLE = 200
_MOST = 1_000_000
_A_PAGE = 1000


def verify(options: Options, terminal: Terminal) -> Answer:
    """Compare, and say what differs: fields and counts, never values."""
    total, ids = _chosen(None if options["wants_all"] else options["sample"])
    done = Compared()

    def left() -> int:
        return total - done.alike - done.differing - done.missing - done.failed

    with told_to_stop() as told, progress(terminal, told, left=left, words="Comparing") as move_bar:
        patience = Patience(told, move_bar)

        def seen(found: Compared) -> None:
            nonlocal done
            done = found
            patience.progressed()

        done = compare(ids, repairs=options["refresh"], is_over=patience.is_over, seen=seen)
    why = patience.why(f"{left()} of {total} contacts were not compared") if left() else ""
    if done.failed and not why:
        why = f"{done.failed} of {total} contacts could not be fetched."
    return _answer(done, total, options["refresh"], why)


def _chosen(sample: int | None) -> tuple[int, Iterator[UUID]]:
    """How many, and who: everybody whom Engage knows by an id, or some of them by chance."""
    rows = Contact.objects.filter(
        engage_contact_id__isnull=False, same_as__isnull=True, deleted_at__isnull=True
    )
    if sample is None:
        return rows.count(), _everybody(rows)
    some = [each for each in rows.order_by("?").values_list("engage_contact_id", flat=True)[:sample] if each]
    return len(some), iter(some)


def _everybody(rows: QuerySet[Contact]) -> Iterator[UUID]:
    """A page at a time: a cursor that stays open would be in the way of what is written meanwhile."""
    last: UUID | None = None
    while True:
        rest = rows if last is None else rows.filter(engage_contact_id__gt=last)
        ids = rest.order_by("engage_contact_id").values_list("engage_contact_id", flat=True)
        page = [each for each in ids[:_A_PAGE] if each]
        if not page:
            return
        yield from page
        last = page[-1]


def _answer(done: Compared, total: int, is_repaired: bool, why: str) -> Answer:  # noqa: FBT001
    drift = f"{done.differing} differ, {done.missing} are missing in Engage."
    rows = [[Text(name), Text(str(count), justify="right")] for name, count in done.fields.most_common()]
    parts: list[Rows | Text] = [Text(f"{done.alike} of {total} contacts are as Engage has them.")]
    if rows:
        parts.append(Rows(("Field", "Contacts"), rows))
    noted = (
        "They are noted to be fetched anew; who is gone in Engage is then forgotten here."
        if is_repaired
        else "With --refresh they are fetched anew, and who is gone in Engage is forgotten here."
    )
    trouble = " ".join(part for part in (f"{drift} {noted}" if done.has_drifted else "", why) if part)
    return Answer(_document(done, total, trouble), parts, trouble=trouble)


def _document(done: Compared, total: int, trouble: str) -> dict[str, Any]:
    return {
        "total": total,
        "alike": done.alike,
        "differing": done.differing,
        "missing": done.missing,
        "failed": done.failed,
        "fields": dict(done.fields.most_common()),
        "message": trouble,
    }


def _arguments(parser: CommandParser) -> None:
    many = parser.add_mutually_exclusive_group()
    many.add_argument(
        "--sample", type=whole(1, _MOST), default=_SAMPLE, metavar="N", help="so many by chance (%(default)s)"
    )
    many.add_argument("--all", action="store_true", dest="wants_all", help="every contact")
    parser.add_argument("--refresh", action="store_true", help="have those that differ fetched anew")


ACTIONS = (
    Action(
        "verify",
        "Compares the copy with Engage, at the pace that others leave, and tells which fields differ, never values. "
        "Ends with 1 where something differs.",
        "manage.py contacts verify --sample 1000 --refresh",
        _arguments,
        verify,
    ),
)
