"""Which fields the copy keeps of people whom nobody asked for yet: the setting `ENGAGE_COPY_FIELDS`."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from contacts.models import KEY_FIELDS

_ALL = "all"


def kept(flat: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What to keep of flat contact data, and whether that is all of it.

    The keys are always kept. A name such as `preferences` or `consents` stands for all of them.
    """
    chosen = settings.ENGAGE_COPY_FIELDS
    if _ALL in chosen:
        return dict(flat), True
    names = {*KEY_FIELDS, *chosen}
    return {
        name: value for name, value in flat.items() if name in names or name.partition(".")[0] in names
    }, False
