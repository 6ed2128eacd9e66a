"""Permissions: each yes or no is kept as an event, and the newest by the person's own time is what counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from contacts.flat import is_permission
from contacts.merging import answer_date, said
from contacts.models import Answer, ConsentText, Contact
from engage_portal.core import clock


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked the person, where and when."""

    actor: str
    """A key's name, a staff user name, or the member."""
    store: str = ""
    channel: str = ""
    """POS, ECOM, My Pages, staff."""
    at: datetime = field(default_factory=clock.now)
    """When the person answered; a till that was offline says so."""


def answered_at(value: Any, asked: Asked) -> datetime:
    """When a permission was answered: a consent's own date, else when the person was asked; never in the future."""
    return min(answer_date(value) or asked.at, clock.now())


def dated(flat: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The consents with the date of the answer, so that one that is sent later does not look newer than it is.

    Engage reads and writes `date` in a consent [SDK IApiConsent.md].
    """
    return {
        name: {**value, "date": answered_at(value, asked).isoformat()}
        for name, value in flat.items()
        if is_permission(name) and isinstance(value, Mapping)
    }


def record_answers(contact: Contact, flat: Mapping[str, Any], asked: Asked) -> None:
    """Keep every yes and no among the flat values, in the transaction of the change."""
    given = {name: value for name, value in flat.items() if is_permission(name) and said(value) is not None}
    Answer.objects.bulk_create(
        [
            Answer(
                contact=contact,
                name=name,
                value=bool(said(value)),
                answered_at=answered_at(value, asked),
                store=asked.store,
                channel=_channel(value, asked),
                text=_words_shown(name, value),
                actor=asked.actor,
            )
            for name, value in given.items()
        ]
    )


def _channel(value: Any, asked: Asked) -> str:
    source = value.get("source") if isinstance(value, Mapping) else None
    return str(source or asked.channel)[:60]


def _words_shown(name: str, value: Any) -> ConsentText | None:
    """The version of a consent's words that the caller named as `textVersion`, such as `sv-SE/2`."""
    shown = str(value.get("textVersion") or "") if isinstance(value, Mapping) else ""
    language, _, version = shown.rpartition("/")
    if not version.isdecimal():
        return None
    consent_id = name.partition(".")[2]
    return ConsentText.objects.filter(consent_id=consent_id, language=language, version=int(version)).first()


def without_older(contact: Contact, flat: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The flat values without permissions that the person has answered anew since: the newest answer counts.

    `contact` was born here or elsewhere; its answers known here are compared, whichever came in first.
    """
    names = [name for name in flat if is_permission(name)]
    newest: dict[str, datetime] = {}
    if names:
        # Whoever was born here and turned out to be this contact answered for it too.
        mine = Q(contact=contact) | Q(contact__same_as=contact)
        rows = Answer.objects.filter(mine, name__in=names).order_by("answered_at")
        newest = dict(rows.values_list("name", "answered_at"))
    return {
        name: value
        for name, value in flat.items()
        if name not in newest or answered_at(value, asked) >= newest[name]
    }
