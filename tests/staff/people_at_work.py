"""Contacts and staff for the tests of the contact pages."""

from datetime import timedelta
from uuid import uuid4

from django.test import Client

from contacts.kinds import CREATE, UPDATE
from contacts.models import Contact, ExportFile
from engage_portal.core import clock
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.pages import building
from tests.pages.people import signed_in

SECRETS = (
    "Ingrid",
    "Lindqvist",
    "ingrid@example.com",
    "+46701234567",
    "Götgatan",
    "Hornsgatan",
    "1979-03-02",
)


def at_work(name: str, *permissions: str) -> Client:
    """The browser of somebody of the staff with some permissions."""
    return signed_in(building.staff(name, *permissions))


def ingrid(**columns) -> Contact:
    """A member of whom Engage refused a change."""
    contact = Contact.objects.create(
        pk=columns.pop("pk", uuid4()),
        engage_contact_id=columns.pop("engage_contact_id", uuid4()),
        email="ingrid@exampel",
        mobile_phone="+46701234567",
        member_number="28972991234",
        snapshot={
            "firstName": "Ingrid",
            "lastName": "Lindqvist",
            "email": "ingrid@example.com",
            "mobilePhone": "+46701234567",
            "memberNumber": "28972991234",
            "street": "Götgatan 12",
            "birthDay": "1979-03-02",
            "preferences.acceptsEmail": True,
        },
        changes={"email": "ingrid@exampel", "street": "Hornsgatan 44"},
        fetched_at=clock.now() - timedelta(minutes=12),
        as_of=clock.now() - timedelta(minutes=12),
        **columns,
    )
    building.item(
        kind=UPDATE,
        subject_id=contact.pk,
        stream=contact.stream,
        fields=["email", "street"],
        state=State.ATTENTION,
        reason="email: is not a valid e-mail address",
    )
    return contact


def ingrid_in(engage) -> Contact:
    """The same, with the address of Bengt in Engage."""
    Contact.objects.all().delete()
    return ingrid(pk=seeds.BENGT_ID, engage_contact_id=seeds.BENGT_ID)


def newcomer(pk: str = "", **changes) -> Contact:
    """Somebody who signed up with Anna's phone number while Engage was away, and needs a person now."""
    data = {
        "firstName": "Anna",
        "email": "anna.arkberg@example.com",
        "mobilePhone": seeds.ANNA_PHONE,
        **changes,
    }
    contact = Contact.objects.create(
        pk=pk or uuid4(),
        email=data["email"],
        mobile_phone=data["mobilePhone"],
        changes=data,
        created_in_store="102",
    )
    building.item(
        kind=CREATE,
        subject_id=contact.pk,
        stream=contact.stream,
        reference=str(contact.pk),
        state=State.ATTENTION,
        reason="A key of this sign-up belongs to somebody else in Engage.",
        reason_code="KeyOfAnotherContact",
        looks_first=True,
        was_in_doubt=True,
        store="102",
    )
    return contact


def exported(**columns) -> ExportFile:
    """An export that came in."""
    return ExportFile.objects.create(
        **{
            "name": "20261121021502_0_members.xml",
            "digest": uuid4().hex,
            "size": 7_340_032,
            "origin": "sftp",
            "made_at": clock.now(),
            **columns,
        }
    )


def item_of(contact: Contact, kind: str) -> Item:
    """The one item of a kind about a contact."""
    return Item.objects.get(subject_id=contact.pk, kind=kind)
