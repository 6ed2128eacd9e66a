"""After everything that can happen to people: none of them can be found in the queue's tables or task arguments."""

import json
import re

import pytest
from django.apps import apps
from django.db import models
from django_q.models import OrmQ

from contacts.services import Asked, contact_update
from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageError
from engage_portal.outbox.control import retry
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.outbox.building import (
    anna,
    by_id,
    contact_created,
    delivered,
    engage_is_away,
    probe_is_due,
    receipt_posted,
    redemption_queued,
)

pytestmark = pytest.mark.django_db
PEOPLE = {
    "firstName": "Xenophilius",
    "lastName": "Quisquater",
    "email": "xeno.quisquater@example.com",
    "mobilePhone": "+46701740699",
    "socialSecurityNumber": "198604122387",
    "street": "Kråkvinkelgränd 17",
}
WORDS = [
    *PEOPLE.values(),
    seeds.ANNA_EMAIL,
    seeds.ANNA_PHONE,
    "Arkberg",
    "Annabella",
    seeds.ANNA_MEMBER_NUMBER,
]
PATTERN = re.compile(
    "|".join(re.escape(part) for word in WORDS for part in {word, word.lower(), word.lstrip("+")}),
    re.IGNORECASE,
)


def everything_written() -> dict[str, str]:
    """Every text in every table of the queue, and the tasks that were queued."""
    rows: dict[str, str] = {}
    for model in apps.get_app_config("outbox").get_models():
        if model.__name__ == "CacheEntry":
            continue
        names = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField | models.UUIDField)
        ]
        for row in model.objects.values("pk", *names):
            rows[f"{model.__name__} {row['pk']}"] = json.dumps(row, default=str, ensure_ascii=False)
    for task in OrmQ.objects.all():
        rows[f"task {task.pk}"] = repr(task.task)
    return rows


def test_the_search_itself_can_fail():
    Item.objects.create(
        kind="x", subject_id=seeds.ANNA_ID, stream="x", reference="XENO.quisquater@example.com"
    )
    assert any(PATTERN.search(text) for text in everything_written().values())


def test_nobody_can_be_found_in_the_queue(engage, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        known = anna()
        # Engage repeats what it was sent in its refusals.
        engage.engage.faults.set("422", endpoint="POST /api/v3/contacts", times=1)
        with pytest.raises(EngageError):
            contact_created(**PEOPLE)
        with pytest.raises(EngageError):
            contact_created(email=seeds.ANNA_EMAIL, firstName="Annabella")
        engage.engage.faults.set("lost_answer", endpoint="POST /api/v3/contacts", times=1)
        contact_created(**PEOPLE)
        delivered()

        engage_is_away()
        newborn = contact_created(firstName="Annabella", mobilePhone=seeds.ANNA_PHONE)
        contact_update(
            contact=known,
            body={"street": PEOPLE["street"], "email": "xeno.quisquater@example.com"},
            asked=Asked(actor="till", store=""),
            deadline=Deadline.after(20),
        )
        receipt_posted(
            "101-1", contact={"matchKey": PEOPLE["email"], "matchKeyType": "email", "contactType": "Member"}
        )
        receipt_posted(
            "101-2",
            contact={
                "matchKey": PEOPLE["mobilePhone"],
                "matchKeyType": "mobilePhone",
                "contactType": "Member",
            },
        )
        receipt_posted("101-3", contact=by_id(newborn.contact), article="REFUSE")
        redemption_queued(contact=known)
        probe_is_due()
        for mode in ("500", "html503", "lost_answer"):
            for endpoint in (
                "POST /api/v3/receipts",
                "PATCH /api/v3/contacts/{contactId}",
                "GET /api/v3/contacts/id",
            ):
                engage.engage.faults.set(mode, endpoint=endpoint, times=1)
            delivered()
            probe_is_due()
        engage.engage.faults.clear()
        for _ in range(4):
            delivered()
        retry(items=Item.objects.filter(state=State.ATTENTION), by="sam")
        delivered()

    assert Item.objects.filter(state=State.ATTENTION).exists()
    assert Item.objects.filter(state=State.ACCEPTED).count() >= 2
    written = everything_written()
    assert len(written) > 30
    assert EngageLine.objects.exists()
    leaks = {name: text for name, text in written.items() if PATTERN.search(text)}
    assert leaks == {}
