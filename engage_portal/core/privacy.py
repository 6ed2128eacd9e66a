"""The registry of everything that must be forgotten with a person."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

Shredder = Callable[[UUID], int]
"""Takes our id of a contact, removes what is personal, returns how many rows it touched. May run twice."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    shred: Shredder


_shredders: list[_Entry] = []


def register_shredder(name: str, shred: Shredder) -> None:
    """Add a shredder under the name of its model; called while the apps load."""
    if name not in {entry.name for entry in _shredders}:
        _shredders.append(_Entry(name, shred))


def shred(contact_id: UUID) -> dict[str, int]:
    """Run all shredders for one contact; name of the model → rows touched. May run twice."""
    return {entry.name: entry.shred(contact_id) for entry in reversed(_shredders)}


def shredded_models() -> frozenset[str]:
    """The models that have a shredder."""
    return frozenset(entry.name for entry in _shredders)
