"""Forgetting a person: every model that holds personal data, in every app, leaves nothing of them."""

from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, models

from contacts.models import Contact
from engage_portal.core.privacy import shred, shredded_models
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from tests.api.talking import (
    ACCOUNTS,
    ANNA,
    ASSIGNMENTS,
    CONTACTS,
    ID,
    POINTS,
    RECEIPTS,
    TRANSACTIONS,
    VOUCHERS,
    bring_up,
    deliver_all,
    items,
    new_contact,
    redeem_path,
    take_down,
    voucher_path,
)

pytestmark = pytest.mark.django_db
OURS = ("contacts", "promotions", "receipts", "api")
PERSONAL = ["anna@example.com", "735654321", "Arkberg", "28972987289", "Storgatan", "1986-04-12", "Wool coat"]
PERSONAL += ["2511233093766", "Birthday points", seeds.ACCOUNT_ID]


def everything() -> dict[str, str]:
    """All rows of all tables, as one text per table."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(("django_migrations", "outbox_cache")):
                cursor.execute(f'SELECT * FROM "{table}"')
                found[table] = " ".join(
                    bytes(value).decode("utf-8", "replace")
                    if isinstance(value, bytes | memoryview)
                    else str(value)
                    for row in cursor.fetchall()
                    for value in row
                )
    return found


def holders(*needles: str) -> dict[str, list[str]]:
    hits = {table: [needle for needle in needles if needle in text] for table, text in everything().items()}
    return {table: found for table, found in hits.items() if found}


def test_every_model_that_can_hold_personal_data_has_a_shredder():
    """A model of ours with JSON, free text or bytes, or one that belongs to a contact, is shredded somewhere."""
    told = {"contacts.Contact": "contacts.Contact", "api.IdempotentAnswer": "api.IdempotentAnswer"}
    told |= {
        f"promotions.{name}": "promotions.Assignment"
        for name in ("Assignment", "AssignmentSnapshot", "Redemption")
    }
    told |= {
        f"promotions.{name}": "promotions.Voucher" for name in ("Voucher", "VoucherSnapshot", "VoucherUse")
    }
    told |= {
        f"promotions.{name}": "promotions.PointAccount"
        for name in ("PointAccount", "PointSnapshot", "PointTransaction")
    }
    told |= {f"receipts.{name}": "receipts.Receipt" for name in ("Receipt", "Transaction", "HistorySnapshot")}
    told |= {f"contacts.{name}": f"contacts.{name}" for name in ("Answer", "ContactEvent", "BatchRow")}
    nobodys = {
        "contacts.ConsentText",
        "contacts.ExportFile",
        "promotions.OpenOffer",
        "promotions.TrustRule",
        "receipts.Store",
    }  # Engage's words; counts
    for model in (model for name in OURS for model in apps.get_app_config(name).get_models()):
        fields = model._meta.get_fields()
        holds = any(
            isinstance(field, models.JSONField | models.TextField | models.BinaryField) for field in fields
        )
        belongs = any(getattr(field, "related_model", None) is Contact and field.concrete for field in fields)
        if (holds or belongs) and model._meta.label not in nobodys:
            assert told[model._meta.label] in shredded_models(), model._meta.label


def test_nothing_personal_is_left(engage, till, receipt_body):
    for path in (
        ANNA,
        f"{TRANSACTIONS}?contactId={seeds.ANNA_ID}",
        f"{ASSIGNMENTS}?contactId={seeds.ANNA_ID}",
        f"{VOUCHERS}?contactId={seeds.ANNA_ID}",
        f"{ACCOUNTS}?contactId={seeds.ANNA_ID}",
        f"{POINTS}?accountId={seeds.ACCOUNT_ID}",
    ):
        assert till.get(path).status_code == 200
    assert till.patch(ANNA, {"careOf": "Arkberg"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 200
    assert till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"}).status_code == 200
    assert till.post(voucher_path("redeem")).status_code == 200
    take_down(engage)
    for number, tag in enumerate(
        (
            {"matchKey": "anna@example.com", "matchKeyType": "email"},
            {"matchKey": "0735654321", "matchKeyType": "mobilePhone"},
            {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId"},
        )
    ):
        assert till.post(RECEIPTS, receipt_body(f"101-{number}", contact=tag)).status_code == 202
    assert till.patch(ANNA, {"street": "Storgatan 2"}).status_code == 202
    assert set(holders(*PERSONAL)) >= {
        "contacts_contact",
        "receipts_transaction",
        "api_idempotentanswer",
        "receipts_receipt",
        "promotions_voucher",
        "promotions_pointaccount",
        "promotions_pointtransaction",
    }

    removed = shred(UUID(seeds.ANNA_ID))

    assert holders(*PERSONAL) == {}
    assert all(
        removed[name]
        for name in (
            "contacts.Contact",
            "promotions.Assignment",
            "promotions.Voucher",
            "promotions.PointAccount",
            "receipts.Receipt",
            "api.IdempotentAnswer",
        )
    )
    assert not any(shred(UUID(seeds.ANNA_ID))[name] for name in ("receipts.Receipt", "api.IdempotentAnswer"))
    bring_up(engage)
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["street"] == "Storgatan 1"
    assert not items(state__in=[State.PENDING, State.IN_DOUBT, State.ATTENTION])


def test_receipts_of_people_not_known_then_are_found_by_their_keys(engage, till, receipt_body, settings):
    settings.ENGAGE_LEVEL = 1
    till.get(ANNA)
    take_down(engage)
    for number, key in enumerate(
        ("Anna@Example.com", "073-565 43 21", "+46735654321", seeds.ANNA_MEMBER_NUMBER, "bengt@example.com")
    ):
        kind = "email" if "@" in key else "memberNumber" if key == seeds.ANNA_MEMBER_NUMBER else "mobilePhone"
        tag = {"matchKey": key, "matchKeyType": kind}
        assert till.post(RECEIPTS, receipt_body(f"101-{number}", contact=tag)).status_code == 202
    shred(UUID(seeds.ANNA_ID))
    kept = " ".join(Receipt.objects.values_list("body", flat=True))
    assert "bengt@example.com" in kept
    for needle in ("nna@", "3565", "073-", seeds.ANNA_MEMBER_NUMBER):
        assert needle not in kept, needle


def test_everybody_else_stays(engage, till):
    till.get(ANNA)
    till.get(f"{CONTACTS}/{seeds.BENGT_ID}")
    till.patch(f"{CONTACTS}/{seeds.BENGT_ID}", {"careOf": "Berg"}, HTTP_IDEMPOTENCY_KEY="k2")
    shred(UUID(seeds.ANNA_ID))
    assert {"contacts_contact", "api_idempotentanswer"} <= set(holders("bengt@example.com"))


def test_somebody_with_two_ids_is_forgotten_under_either(engage, till):
    till.get(f"{CONTACTS}/{seeds.BENGT_ID}")
    take_down(engage)
    born = till.post(CONTACTS, new_contact(), HTTP_IDEMPOTENCY_KEY="k").json()["id"]
    known = Contact.objects.get(pk=seeds.BENGT_ID)
    Contact.objects.filter(pk=born).update(same_as=known)
    shred(UUID(born))
    assert holders("bengt@example.com", "erik@example.com", "Erik") == {}


def test_a_sign_up_that_has_not_left_is_not_sent_any_more(engage, till):
    take_down(engage)
    born = till.post(CONTACTS, new_contact()).json()["id"]
    shred(UUID(born))
    bring_up(engage)
    assert not [
        each for each in engage.engage.contacts.values() if each["attributes"].get("firstName") == "Erik"
    ]
    assert [item.state for item in items()] == [State.SUPERSEDED]


def test_an_erased_person_is_not_found_any_more(engage, till):
    till.get(ANNA)
    shred(UUID(seeds.ANNA_ID))
    take_down(engage)
    assert till.get(ID, {"email": "anna@example.com"}).status_code == 503
    assert till.get(ANNA).status_code == 503
    deliver_all()
