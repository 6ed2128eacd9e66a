"""Two people side by side, before somebody says that they are one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contacts.flat import from_engage
from contacts.keys import normalised
from contacts.labels import label_of
from contacts.models import KEY_FIELDS
from engage_portal.engage import Contact as EngageContact
from engage_portal.staff.contact_page import name_of
from engage_portal.staff.masks import shown

_COMPARED = (
    "firstName", "lastName", "email", "mobilePhone", "socialSecurityNumber", "birthDay", "memberNumber", "externalId",
    "zipCode",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """One attribute of both, masked."""

    label: str
    here: str
    there: str
    is_same: bool


@dataclass(frozen=True, slots=True)
class Facing:
    """What is known of somebody here, and the contact of Engage's that they are said to be."""

    engage_id: str
    contact_type: str
    name: str
    rows: list[Compared]

    @property
    def has_something_in_common(self) -> bool:
        """Whether at least one attribute is the same."""
        return any(row.is_same for row in self.rows)

    @property
    def in_common(self) -> list[str]:
        """The labels of what is the same."""
        return [row.label for row in self.rows if row.is_same]


def facing(here: Mapping[str, Any], target: EngageContact) -> Facing:
    """Both side by side, `here` being flat; what neither has is left out."""
    there = from_engage(target)
    rows = [
        Compared(
            label=label_of(name),
            here=shown(name, here.get(name), revealed=False),
            there=shown(name, there.get(name), revealed=False),
            is_same=_comparable(name, here.get(name)) == _comparable(name, there.get(name)) != "",
        )
        for name in _COMPARED
        if here.get(name) or there.get(name)
    ]
    return Facing(target.id, target.contact_type, name_of(there, revealed=False), rows)


def _comparable(name: str, value: Any) -> str:
    text = str(value or "").strip()
    return normalised(KEY_FIELDS[name], text) if name in KEY_FIELDS else text.casefold()
