"""`POST` and `PATCH /api/v3/contacts/bulk` of ours: kept at once, split into items, each with a state that can be asked."""

import pytest
from django.test import override_settings

from contacts.models import Batch, BatchRow, Contact
from contacts.services import batching
from contacts.tasks import split_batches
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.talking import ANNA, CONTACTS, bring_up, code_of, deliver_all, items, new_contact, take_down
from tests.conftest import client_with

pytestmark = pytest.mark.django_db
BULK = f"{CONTACTS}/bulk"
STATUS_OF = f"{BULK}/status"


def people(count: int) -> list[dict]:
    return [new_contact(email=f"p{number}@example.com") for number in range(count)]


def status(till, batch_id: str, **query) -> dict:
    answer = till.get(STATUS_OF, {"batchId": batch_id, **query})
    assert answer.status_code == 200
    return answer.json()


def emails(engage) -> set[str]:
    return {each["attributes"].get("email") for each in engage.engage.contacts.values()}


def test_many_are_created_and_each_can_be_followed(engage, till):
    answer = till.post(BULK, people(120))
    assert answer.status_code == 202
    batch_id = answer.json()
    assert status(till, batch_id)["counts"] == {"waiting": 120}
    split_batches()
    assert status(till, batch_id)["counts"] == {"pending": 120}
    assert not BatchRow.objects.exclude(body=None).exists()
    deliver_all()
    told = status(till, batch_id, offset=100, count=50)
    assert (told["state"], told["counts"]) == ("Completed", {"delivered": 120})
    assert [row["index"] for row in told["rows"]] == list(range(100, 120))
    assert emails(engage) >= {f"p{number}@example.com" for number in range(120)}
    assert till.get(f"{CONTACTS}/{told['rows'][0]['contactId']}").status_code == 200


def test_the_old_address_of_the_status_works_too(engage, till):
    batch_id = till.post(BULK, people(1)).json()
    assert till.get("/api/v2/contacts/bulk/status", {"batchId": batch_id}).json()["id"] == batch_id


def test_changes_find_their_contact_by_key_and_send_only_what_differs(engage, till):
    till.get(ANNA)
    rows = [{"email": "ANNA@example.com", "city": "Malmö", "firstName": "Anna"}, {"email": seeds.ANNA_EMAIL}]
    batch_id = till.patch(BULK, rows).json()
    split_batches()
    assert [item.fields for item in items()] == [["city"]]
    deliver_all()
    assert engage.engage.contacts[seeds.ANNA_ID]["attributes"]["city"] == "Malmö"
    assert status(till, batch_id)["counts"] == {"delivered": 1, "unchanged": 1}


def test_somebody_who_is_not_in_the_copy_is_identified_first(engage, till):
    batch_id = till.patch(BULK, [{"email": seeds.BENGT_EMAIL, "city": "Malmö", "careOf": ""}]).json()
    split_batches()
    assert [item.kind for item in items()] == ["contact.identify", "contact.update"]
    deliver_all()
    assert {item.state for item in items()} == {State.DELIVERED}
    assert engage.engage.contacts[seeds.BENGT_ID]["attributes"]["city"] == "Malmö"
    assert status(till, batch_id)["state"] == "Completed"
    assert str(Contact.objects.get().engage_contact_id) == seeds.BENGT_ID


def test_nobody_with_the_key_needs_a_person(engage, till):
    till.patch(BULK, [{"email": "nobody@example.com", "city": "Malmö"}])
    split_batches()
    deliver_all()
    identify, change = items()
    assert (identify.state, identify.reason_code) == (State.ATTENTION, "ContactNotFound")
    assert change.state == State.PENDING


def test_a_row_without_a_key_of_anybody_is_told_and_the_others_go(engage, till):
    batch_id = till.patch(BULK, [{"city": "Lund"}, {"email": seeds.ANNA_EMAIL, "city": "Lund"}]).json()
    split_batches()
    deliver_all()
    told = status(till, batch_id)
    assert told["rows"][0] == {
        "index": 0, "state": "refused", "contactId": None, "errorCode": "ValidationError",
        "message": "A row needs a key of its contact.",
    }  # fmt: skip
    assert told["rows"][1]["state"] == "delivered"


def test_while_engage_is_down_a_batch_is_kept_and_everybody_arrives_once(engage, till):
    take_down(engage)
    batch_id = till.post(BULK, [*people(3), new_contact(email="p0@example.com")]).json()
    split_batches()
    told = status(till, batch_id)
    assert told["counts"] == {"pending": 3, "refused": 1}
    assert told["rows"][3]["errorCode"] == "ApprovedContactWithKeyExists"
    assert all(contact.external_id.startswith("EP-") for contact in Contact.objects.all())
    bring_up(engage)
    assert status(till, batch_id)["counts"] == {"delivered": 3, "refused": 1}
    assert len([email for email in emails(engage) if str(email).startswith("p")]) == 3


def test_below_level_4_nobody_new_is_taken_while_engage_is_down(engage, till, settings):
    settings.ENGAGE_LEVEL = 3
    take_down(engage)
    assert till.post(BULK, people(1)).status_code == 503
    assert not Batch.objects.exists()
    assert till.patch(BULK, [{"email": seeds.ANNA_EMAIL, "city": "Lund"}]).status_code == 202


def test_all_rows_are_kept_or_none_and_every_problem_is_named(engage, till):
    answer = till.post(BULK, [new_contact(), new_contact(email="nonsense"), "x", {"firstName": 7}])
    assert (answer.status_code, code_of(answer)) == (422, "ValidationError")
    assert [each["field"] for each in answer.json()["validationErrors"]] == [
        "[1].email",
        "[2]",
        "[3].firstName",
    ]
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("body", "status_code", "code"),
    [
        ([], 400, "NoData"),
        ({"email": "a@b.se"}, 400, "ParseError"),
        ([{"a": 1}] * 4001, 400, "TooManyContacts"),
    ],
)
def test_what_is_no_list_of_contacts_is_refused(engage, till, body, status_code, code):
    answer = till.post(BULK, body)
    assert (answer.status_code, code_of(answer)) == (status_code, code)


def test_another_key_does_not_see_a_batch(engage, till, api_key):
    batch_id = till.post(BULK, people(1)).json()
    other = client_with(api_key(name="other", store="102"))
    for wanted in (batch_id, "nonsense", ""):
        answer = other.get(STATUS_OF, {"batchId": wanted})
        assert (answer.status_code, code_of(answer)) == (404, "BatchNotFound")


def test_a_split_that_is_cut_off_goes_on_where_it_was(engage, till, monkeypatch):
    from contacts.services import batching

    till.post(BULK, people(120))
    assert batching.split_waiting(seconds=0) is True
    assert Batch.objects.get().position == 50
    assert batching.split_waiting(seconds=60) is False
    assert batching.split_waiting(seconds=60) is False
    assert (len(items()), Contact.objects.count()) == (120, 120)


def test_a_batch_is_answered_in_few_queries(engage, till, django_assert_max_num_queries):
    till.post(BULK, people(1))
    with django_assert_max_num_queries(40), override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=5_000_000):
        assert till.post(BULK, people(4000)).status_code == 202


def test_a_row_whose_new_key_is_taken_here_holds_nobody_up(engage, till):
    take_down(engage)
    till.post(CONTACTS, new_contact(email="a@example.com"))
    number = till.post(CONTACTS, new_contact(email="b@example.com")).json()["attributes"]["externalId"]
    first = till.patch(BULK, [{"externalId": number, "email": "a@example.com"}]).json()
    later = till.patch(BULK, [{"email": "a@example.com", "city": "Lund"}]).json()
    split_batches()
    (row,) = status(till, first)["rows"]
    assert (row["state"], row["errorCode"]) == ("refused", "ApprovedContactWithKeyExists")
    assert status(till, later)["counts"] == {"pending": 1}


def test_a_fault_of_ours_in_one_row_holds_nobody_up_and_quotes_nobody(engage, till, monkeypatch, caplog):
    def broken(body, **_):
        if body["email"] == "p0@example.com":
            raise KeyError(body["email"])
        return real(body, **_)

    real = batching.contact_born
    monkeypatch.setattr(batching, "contact_born", broken)
    batch_id = till.post(BULK, people(2)).json()
    split_batches()
    assert status(till, batch_id)["counts"] == {"pending": 1, "refused": 1}
    assert "p0@example.com" not in caplog.text


def test_a_consent_of_a_day_that_no_database_keeps_counts_as_of_now(engage, till):
    consent = {"id": "memberConsent", "value": True, "date": "0001-01-01T00:00:00+12:00"}
    batch_id = till.post(BULK, [new_contact(consents=[consent])]).json()
    split_batches()
    assert status(till, batch_id)["counts"] == {"pending": 1}
    assert till.post(CONTACTS, new_contact(email="z@example.com", consents=[consent])).status_code == 201
