"""Typed ids, so that one kind is never passed where another is meant."""

from typing import NewType
from uuid import UUID

EngageContactId = NewType("EngageContactId", str)
"""Engage's own GUID of a contact, always lower case here (api.md §3: cases differ between API and exports)."""

AssignmentId = NewType("AssignmentId", str)
"""One contact's right to a promotion; the id that is redeemed. Never the template's `promotionId`."""

BatchId = NewType("BatchId", str)
"""What Engage answers to a bulk call."""


def parse_guid(text: str) -> UUID | None:
    """The GUID in a text, or None where there is none. Braces and URN forms do not count as GUIDs."""
    try:
        guid = UUID(text)
    except ValueError:
        return None
    return guid if str(guid) == text.lower() else None
