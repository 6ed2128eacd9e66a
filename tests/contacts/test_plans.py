"""Finding somebody by any key reads an index, however many people are in the copy."""

import pytest
from django.db import connection

from contacts.models import Contact
from contacts.selectors import contacts_matching, contacts_with_key, newborns_by_id
from engage_portal.engage import Identifier, IdentifierKind
from tests.bench.filling_contacts import person

pytestmark = pytest.mark.django_db
KEYS = {
    IdentifierKind.EMAIL: "contacts_email",
    IdentifierKind.MOBILE_PHONE: "contacts_mobile_phone",
    IdentifierKind.SOCIAL_SECURITY_NUMBER: "contacts_social_security_numbe",
    IdentifierKind.CUSTOM_KEY: "contacts_member_number",
}


def plans_of(call) -> list[str]:
    """How the database answers each query of a call."""
    seen: list[str] = []

    def explained(execute, sql, params, many, context):
        if sql.startswith("SELECT"):
            prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
            with connection.cursor() as cursor:
                cursor.cursor.execute(prefix + sql, params)
                seen.append("\n".join(str(row[-1]) for row in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        call()
    return seen


@pytest.fixture
def crowd() -> None:
    """Each key has values, as it would have: the planner judges by them."""
    crowd = [person(number) for number in range(5000)]
    for number, contact in enumerate(crowd):
        contact.member_number, contact.social_security_number = f"{number:010d}", f"19860412{number:04d}"
        contact.external_id = f"EP-{number}"
    Contact.objects.bulk_create(crowd)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_every_key_has_its_index(crowd):
    for kind, index in KEYS.items():
        (plan, *_) = plans_of(lambda kind=kind: contacts_matching(Identifier(kind, "0000000042")))
        assert index in plan, plan
    (plan,) = plans_of(lambda: contacts_with_key("externalId", "EP-42", contact_type="Member"))
    assert "contacts_external_id" in plan, plan


def test_whether_a_newborn_is_known_by_a_key_reads_the_keys_indexes(crowd):
    born = Contact.objects.create(email="frida@example.com", contact_type="Member")
    (plan,) = plans_of(lambda: newborns_by_id([born.pk]))
    for index in (
        "contacts_email",
        "contacts_mobile_phone",
        "contacts_member_number",
        "contacts_external_id",
    ):
        assert index in plan, plan
