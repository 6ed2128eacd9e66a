"""Reading our copy of the contacts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from contacts.keys import candidates, normalised
from contacts.kinds import UPDATE
from contacts.models import KEY_FIELDS, Batch, BatchRow, Contact, Feed
from engage_portal.engage import Identifier, IdentifierKind
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import MOVING, State

_MOST = 10


def contact_by_id(contact_id: UUID) -> Contact | None:
    """The contact with this id: Engage's own, or the one given out here. Follows somebody found to be another.

    Engage's goes first: after an id moved to another one, a row still has the old one as its primary key.
    """
    # Not joined with the other one: hardly anybody has one, and whoever asks by id asks all the time.
    rows = Contact.objects.filter(Q(pk=contact_id) | Q(engage_contact_id=contact_id))
    found = sorted(rows, key=lambda contact: contact.engage_contact_id != contact_id)
    return (found[0].same_as or found[0]) if found else None


def contacts_by_id(contact_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
    """Our id → contact, for a batch, in one query."""
    return Contact.objects.select_related("same_as").in_bulk(contact_ids)


def newborns_by_id(contact_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
    """The same, each with `is_known_by_key`: whether our copy has somebody in Engage with one of its keys."""
    known = Contact.objects.filter(
        engage_contact_id__isnull=False,
        same_as__isnull=True,
        contact_type__iexact=OuterRef("contact_type"),
    )
    has_key = [
        ~Q(**{column: ""}) & Exists(known.filter(**{column: OuterRef(column)}))
        for column in KEY_FIELDS.values()
    ]
    rows = Contact.objects.annotate(is_known_by_key=reduce(or_, has_key))
    return rows.select_related("same_as").in_bulk(contact_ids)


def contacts_with_key(name: str, value: str, *, contact_type: str) -> list[Contact]:
    """Everybody of a type in our copy with one key, by Engage's name and normalised; at most ten."""
    rows = Contact.objects.filter(same_as__isnull=True, contact_type__iexact=contact_type)
    having = rows.filter(**{KEY_FIELDS[name]: value}).order_by("created_at")[:_MOST]
    return [row for row in having if not _was_refused(row, KEY_FIELDS[name])]


def _was_refused(contact: Contact, column: str) -> bool:
    """Whether Engage did not take the change that brought a key: then it is somebody else's, more likely than not."""
    name = next(each for each, theirs in KEY_FIELDS.items() if theirs == column)
    return contact.engage_id is not None and name in contact.changes and name in fields_refused(contact)


def contacts_matching(identifier: Identifier, *, contact_type: str | None = None) -> list[Contact]:
    """Everybody in our copy with this identifier, members first; at most ten of each key.

    With the kind `any` the first column that has somebody decides, as in Engage.
    """
    typed = {"contact_type__iexact": contact_type} if contact_type else {}
    found: dict[UUID, Contact] = {}
    for column, value in candidates(identifier):
        rows = Contact.objects.filter(same_as__isnull=True, **{column: value}, **typed)
        having = rows.order_by("created_at")[:_MOST]
        found |= {row.pk: row for row in having if not _was_refused(row, column)}
        if found and identifier.kind is IdentifierKind.ANY:
            break
    return sorted(found.values(), key=lambda contact: contact.contact_type.casefold() != "member")


def keys_of_others(contact: Contact, changes: Mapping[str, Any]) -> list[str]:
    """Engage's names of the keys among some changes that somebody else of the same type has in our copy."""
    others = Contact.objects.filter(contact_type__iexact=contact.contact_type, same_as__isnull=True)
    others = others.exclude(pk=contact.pk)
    return [
        name
        for name, column in KEY_FIELDS.items()
        if (value := normalised(column, str(changes.get(name) or "")))
        and others.filter(**{column: value}).exists()
    ]


def fields_refused(contact: Contact) -> set[str]:
    """Flat names of what waits here because Engage did not take it. One query."""
    stopped = Item.objects.open().filter(stream=contact.stream, kind=UPDATE, state=State.ATTENTION)
    names = {name for fields in stopped.values_list("fields", flat=True) for name in fields}
    return names & set(contact.changes)


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of a bulk call so far."""

    counts: Mapping[str, int]
    """State → rows: of the outbox, and `waiting` (not split yet), `refused`, `unchanged`."""
    rows: Sequence[tuple[BatchRow, str]]

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is on its way any more."""
        return not any(self.counts.get(state) for state in ("waiting", *MOVING))


def batch_progress(batch: Batch, *, offset: int, count: int) -> Progress:
    """The rows of a page with their state, and how many rows are in which state, in five queries."""
    rows = batch.rows.order_by("number")
    items = Item.objects.filter(pk__in=rows.filter(item_id__isnull=False).values("item_id"))
    counts = dict(items.order_by().values_list("state").annotate(Count("pk")))
    counts["waiting"] = rows.filter(body__isnull=False).count()
    counts["refused"] = rows.exclude(error_code="").count()
    counts["unchanged"] = rows.filter(body__isnull=True, item_id__isnull=True, error_code="").count()
    page = list(rows.select_related("contact__same_as")[offset : offset + count])
    states = dict(Item.objects.filter(pk__in=[row.item_id for row in page]).values_list("pk", "state"))
    return Progress(
        counts={state: number for state, number in counts.items() if number},
        rows=[(row, _state_of(row, states)) for row in page],
    )


def _state_of(row: BatchRow, states: Mapping[int, str]) -> str:
    if row.body is not None:
        return "waiting"
    if row.error_code:
        return "refused"
    # An item that settled long ago is no longer kept.
    return states.get(row.item_id, State.DELIVERED) if row.item_id else "unchanged"


def feeds_in_trouble() -> list[Feed]:
    """One of Engage's lists of changes for each reason why they cannot be followed."""
    found = {feed.problem: feed for feed in Feed.objects.exclude(problem="").order_by("-problem_since")}
    return list(found.values())
