"""Rows: a copy of many contacts, and changes of them that wait."""

import json
from uuid import UUID

from django.db import connection, transaction

from contacts.kinds import UPDATE
from contacts.models import Contact
from contacts.services.answering import Asked
from contacts.services.changing import contact_note
from engage_portal.core import clock
from engage_portal.outbox.models import Item

_AT_ONCE = 2000


def person(number: int) -> Contact:
    """Somebody in the copy; the same number is the same person, with the same id in Engage."""
    pk = UUID(int=(1 << 80) + number)
    snapshot = {
        "firstName": f"Maja{number}",
        "lastName": "Öst & Lind",
        "email": f"maja.{number}@example.org",
        "mobilePhone": f"+467{number:08d}",
        "city": "Stockholm",
        "countryCode": "SE",
    }
    return Contact(
        pk=pk,
        engage_contact_id=pk,
        snapshot=snapshot,
        email=snapshot["email"],
        mobile_phone=snapshot["mobilePhone"],
        fetched_at=clock.now(),
        as_of=clock.now(),
    )


def people(count: str) -> int:
    """A copy of so many contacts."""
    for start in range(0, int(count), _AT_ONCE):
        Contact.objects.bulk_create(person(n) for n in range(start, min(start + _AT_ONCE, int(count))))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Contact.objects.count()


def change_everybody() -> int:
    """Everybody of the copy moved, while Engage was away: as the service keeps it."""
    asked = Asked(actor="bench")
    pks = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), _AT_ONCE):
        with transaction.atomic():
            for contact in Contact.objects.select_for_update().filter(pk__in=pks[start : start + _AT_ONCE]):
                contact_note(contact, {"city": "Göteborg"}, asked)
    return Item.objects.filter(kind=UPDATE).count()


def in_engage(number: int) -> dict[str, object]:
    """The same person as the sandbox keeps them."""
    contact = person(number)
    return {
        "id": str(contact.pk),
        "contactType": "Member",
        "attributes": json.loads(json.dumps(contact.snapshot)),
        "preferences": {},
        "consents": [],
        "approved": True,
        "createdAt": clock.now().isoformat(),
        "updatedAt": clock.now().isoformat(),
    }
