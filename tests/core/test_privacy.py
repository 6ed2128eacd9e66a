"""The registry of everything that must be forgotten with a person."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import ForeignKey

from contacts.models import Contact
from engage_portal.core import privacy


@pytest.fixture
def registry(monkeypatch) -> list:
    """An empty one."""
    monkeypatch.setattr(privacy, "_shredders", [])
    return privacy._shredders


def test_every_shredder_runs_and_what_depends_goes_first(registry):
    ran = []
    privacy.register_shredder("contacts.Contact", lambda contact_id: ran.append(("contact", contact_id)) or 1)
    privacy.register_shredder("receipts.Receipt", lambda contact_id: ran.append(("receipt", contact_id)) or 3)
    contact_id = uuid4()
    assert privacy.shred(contact_id) == {"receipts.Receipt": 3, "contacts.Contact": 1}
    assert ran == [("receipt", contact_id), ("contact", contact_id)]
    assert privacy.shredded_models() == {"contacts.Contact", "receipts.Receipt"}


def test_registering_twice_shreds_once(registry):
    ran = []
    for _ in range(2):
        privacy.register_shredder("contacts.Contact", lambda contact_id: ran.append(contact_id) or 1)
    privacy.shred(uuid4())
    assert len(ran) == 1


def test_the_apps_have_registered():
    assert {"contacts.Contact", "promotions.Assignment", "receipts.Receipt"} <= privacy.shredded_models()


@pytest.mark.django_db
def test_shredding_may_run_twice_and_for_nobody():
    contact = Contact.objects.create(
        email="erik@example.com", snapshot={"firstName": "Erik"}, changes={"city": "Lund"}
    )
    assert privacy.shred(contact.pk)["contacts.Contact"] == 1
    privacy.shred(contact.pk)
    stored = Contact.objects.get(pk=contact.pk)
    assert (stored.email, stored.snapshot, stored.changes) == ("", {}, {})
    assert set(privacy.shred(uuid4()).values()) == {0}


def test_every_app_with_rows_of_a_contact_has_a_shredder():
    owners = {
        model._meta.app_label
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model is Contact
    }
    assert owners <= {name.partition(".")[0] for name in privacy.shredded_models()} | {"accounts"}
