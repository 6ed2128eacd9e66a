"""What staff see of one contact, ready for the template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contacts.flat import is_permission
from contacts.labels import CHANNELS, FIELDS, label_of
from contacts.models import Answer, Contact, ContactEvent, Happened
from contacts.services.linking import needs_link
from contacts.wording import consent_names
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.staff.masks import shown
from engage_portal.staff.refusals import by_field

MOST_ITEMS, MOST_ANSWERS, MOST_EVENTS = 25, 50, 50
_BAD = {Happened.CONFLICT, Happened.KEY_MOVED, Happened.DELETED}
_GOOD = {Happened.LINKED, Happened.BORN, Happened.RESTORED}


@dataclass(frozen=True, slots=True)
class Fact:
    """One attribute or permission."""

    name: str
    label: str
    value: str
    waits: bool = False
    """Changed here and not yet in Engage."""
    there: str = ""
    """What Engage has, where that differs."""
    refusals: tuple[str, ...] = ()
    clash: datetime | None = None
    """When it was changed in Engage too, while our change waits."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal."""

    at: datetime
    title: str
    actor: str
    field: str
    old: str
    new: str
    detail: str
    tone: str


@dataclass(frozen=True, slots=True)
class Given:
    """One answer."""

    label: str
    is_yes: bool
    at: datetime
    where: str
    words: str
    actor: str


@dataclass(frozen=True, slots=True)
class ContactPage:
    """The whole page."""

    contact: Contact
    name: str
    revealed: bool
    facts: list[Fact]
    permissions: list[Fact]
    items: list[Item]
    more_items: int
    complaints: list[str]
    """What Engage said without naming a field."""
    answers: list[Given]
    journal: list[Line]
    aliases: list[Contact] = field(default_factory=list)
    needs_link: bool = False

    @property
    def stopped(self) -> list[Item]:
        """The items that need a person."""
        return [item for item in self.items if item.needs_attention]

    @property
    def clashes(self) -> list[Fact]:
        """What was changed here and in Engage."""
        return [fact for fact in (*self.facts, *self.permissions) if fact.clash]

    @property
    def can_correct(self) -> bool:
        """Whether an attribute waits or was refused."""
        return self.contact.deleted_at is None and any(fact.waits or fact.refusals for fact in self.facts)


def page_of(contact: Contact, *, revealed: bool) -> ContactPage:
    """Everything about one contact in a bounded number of queries; masked unless it was revealed."""
    waiting = Item.objects.open().filter(stream=contact.stream).order_by("pk")
    items = list(waiting[:MOST_ITEMS])
    about = [item for item in items if item.kind.startswith("contact.")]
    refusals = by_field(about, contact.changes)
    names = consent_names()
    facts = _facts(contact, refusals, names, revealed=revealed)
    return ContactPage(
        contact=contact,
        name=name_of(contact.data, revealed=revealed),
        revealed=revealed,
        facts=[fact for fact in facts if not is_permission(fact.name)],
        permissions=[fact for fact in facts if is_permission(fact.name)],
        items=items,
        more_items=waiting.count() - len(items),
        complaints=refusals.get("", []),
        answers=_answers(contact, names),
        journal=_journal(contact, names, revealed=revealed),
        aliases=list(contact.also_known_as.order_by("created_at")),
        needs_link=any(item.state == State.ATTENTION for item in about) and needs_link(contact),
    )


def name_of(data: Mapping[str, Any], *, revealed: bool) -> str:
    """First and last name, masked unless revealed; empty where there is none."""
    parts = (shown(name, data.get(name), revealed=revealed) for name in ("firstName", "lastName"))
    return " ".join(part for part in parts if part)


def _facts(
    contact: Contact, refusals: Mapping[str, list[str]], names: Mapping[str, str], *, revealed: bool
) -> list[Fact]:
    data = {**contact.snapshot, **contact.changes}
    clashes = _clashes(contact)
    order = {name: place for place, name in enumerate((*FIELDS, *CHANNELS))}
    every = sorted(
        {*data, *(name for name in refusals if name)}, key=lambda name: (order.get(name, 99), name)
    )
    facts = []
    for name in every:
        value, waits = shown(name, data.get(name), revealed=revealed), name in contact.changes
        said = tuple(refusals.get(name, ()))
        if not value and not waits and not said:
            continue
        facts.append(
            Fact(
                name=name,
                label=names.get(name) or label_of(name),
                value=value,
                waits=waits,
                there=shown(name, contact.snapshot.get(name), revealed=revealed) if waits else "",
                refusals=said,
                clash=clashes.get(name) if waits else None,
            )
        )
    return facts


def _clashes(contact: Contact) -> dict[str, datetime]:
    rows = ContactEvent.objects.filter(
        contact=contact, what=Happened.CONFLICT, field__in=list(contact.changes)
    )
    return dict(rows.order_by("at").values_list("field", "at")) if contact.changes else {}


def _answers(contact: Contact, names: Mapping[str, str]) -> list[Given]:
    rows = Answer.objects.filter(contact=contact).select_related("text").order_by("-answered_at", "-pk")
    return [
        Given(
            label=names.get(row.name) or label_of(row.name),
            is_yes=row.value,
            at=row.answered_at,
            where=", ".join(
                part for part in (row.channel, f"store {row.store}" if row.store else "") if part
            ),
            words=f"{row.text.language}, version {row.text.version}" if row.text else "",
            actor=row.actor,
        )
        for row in rows[:MOST_ANSWERS]
    ]


def _has_values(row: ContactEvent) -> bool:
    """Whether a line of the journal says from what to what."""
    return bool(row.field) and (row.old is not None or row.new is not None)


def _journal(contact: Contact, names: Mapping[str, str], *, revealed: bool) -> list[Line]:
    rows = ContactEvent.objects.filter(contact=contact).order_by("-at", "-pk")[:MOST_EVENTS]
    return [
        Line(
            at=row.at,
            title=Happened(row.what).label,
            actor=row.actor,
            field=(names.get(row.field) or label_of(row.field)) if row.field else "",
            old=shown(row.field, row.old, revealed=revealed) if _has_values(row) else "",
            new=shown(row.field, row.new, revealed=revealed) if _has_values(row) else "",
            detail=row.detail,
            tone="bad" if row.what in _BAD else "good" if row.what in _GOOD else "neutral",
        )
        for row in rows
    ]
