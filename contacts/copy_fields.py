"""Which fields the copy keeps of people whom nobody asked for yet: the setting `ENGAGE_COPY_FIELDS`."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from contacts.models import KEY_FIELDS

_ALL = "all"


def wanted() -> Callable[[str], bool]:
    """Answers for a flat name whether the copy keeps it, by the setting as it is now. The keys are always kept.

    A name such as `preferences` or `consents` stands for all of them, `acceptsEmail` for that preference.
    """
    chosen = settings.ENGAGE_COPY_FIELDS
    if _ALL in chosen:
        return lambda _name: True
    names = {*KEY_FIELDS, *chosen, *(f"preferences.{name}" for name in chosen)}
    return lambda name: name in names or name.partition(".")[0] in names


def kept(flat: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What to keep of flat contact data, and whether that is all of it."""
    wants = wanted()
    return {name: value for name, value in flat.items() if wants(name)}, _ALL in settings.ENGAGE_COPY_FIELDS
