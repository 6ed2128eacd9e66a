"""Reading our copy of the contacts."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Q

from contacts.keys import candidates
from contacts.models import Contact
from engage_portal.engage import Identifier, IdentifierKind

_MOST = 10


def contact_by_id(contact_id: UUID) -> Contact | None:
    """The contact with this id: the one given out here, or Engage's own. Follows somebody found to be another."""
    rows = Contact.objects.select_related("same_as").filter(
        Q(pk=contact_id) | Q(engage_contact_id=contact_id)
    )
    found = sorted(rows, key=lambda contact: contact.pk != contact_id)
    return (found[0].same_as or found[0]) if found else None


def contacts_by_id(contact_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
    """Our id → contact, for a batch, in one query."""
    return Contact.objects.select_related("same_as").in_bulk(contact_ids)


def contacts_matching(identifier: Identifier, *, contact_type: str | None = None) -> list[Contact]:
    """Everybody in our copy with this identifier, members first; at most ten of each key.

    With the kind `any` the first column that has somebody decides, as in Engage.
    """
    rows = Contact.objects.filter(same_as__isnull=True)
    if contact_type:
        rows = rows.filter(contact_type__iexact=contact_type)
    found: dict[UUID, Contact] = {}
    for column, value in candidates(identifier):
        found |= {row.pk: row for row in rows.filter(**{column: value}).order_by("created_at")[:_MOST]}
        if found and identifier.kind is IdentifierKind.ANY:
            break
    return sorted(found.values(), key=lambda contact: contact.contact_type.casefold() != "member")
