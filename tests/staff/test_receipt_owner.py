"""A sale whose contact nobody finds: staff see who may be meant, choose, and it is sent again. Nothing personal shows."""

from datetime import timedelta
from uuid import UUID

import pytest

from contacts.models import Contact
from contacts.services.forgetting import contact_gone
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.ids import EngageContactId
from engage_portal.outbox.models import Event, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from receipts.models import Receipt
from receipts.services.owners import OwnerRefusedError, owner_choose
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import RECEIPTS, UNKNOWN, bring_up, deliver_all, take_down
from tests.pages import building
from tests.staff.people_at_work import at_work

pytestmark = pytest.mark.django_db
NOBODYS = {"matchKey": "nobody@example.com", "matchKeyType": "email"}
OTHER_TYPE = {"matchKey": seeds.CECILIA_EMAIL, "matchKeyType": "email"}


@pytest.fixture
def cora(db):
    """Staff who may look at the queue, choose contacts and send again."""
    return at_work("cora", "view_item", "retry_item", "correct_contact")


def page_of(item: Item) -> str:
    return f"/staff/queue/{item.pk}/owner/"


def unowned(till, receipt_body, contact: dict) -> Item:
    """A sale that Engage did not get, because it named nobody for its key."""
    assert till.post(RECEIPTS, receipt_body("101-1", contact=contact)).status_code == 202
    deliver_all()
    return Item.objects.get()


def test_nobody_found_says_so_and_leads_to_the_choice(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, NOBODYS)
    assert (item.state, item.reason_code) == (State.ATTENTION, "ContactNotFound")
    assert item.reason == "Engage has no contact for it, and would drop it."
    assert "Say whose sale it is…" in cora.get(f"/staff/queue/{item.pk}/").text
    page = cora.get(page_of(item)).text
    assert "Nobody in Engage has it." in page
    assert "n•••@e•••.com" in page
    assert "nobody@example.com" not in page


def test_somebody_of_another_type_with_the_key_is_proposed_masked(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, OTHER_TYPE)
    assert item.reason_code == "ContactNotFound"
    page = cora.get(page_of(item)).text
    assert seeds.CECILIA_ID in page
    assert "Same e-mail" in page
    assert seeds.CECILIA_EMAIL not in page


def test_several_with_the_key_are_all_proposed(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, NOBODYS)
    body = Receipt.objects.get().body.replace("nobody@example.com", seeds.DANA_EMAIL)
    Receipt.objects.update(body=body)
    page = cora.get(page_of(item)).text
    assert seeds.DANA_EMAIL not in page
    assert page.index(seeds.DANA_MEMBER_ID) != page.index(seeds.DANA_CONTACT_ID)
    assert page.count("Look</button>") == 3


def test_who_it_is_is_shown_before_anything_happens(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, OTHER_TYPE)
    page = cora.post(page_of(item), {"engage_id": seeds.CECILIA_ID.upper()}).text
    assert "Is it their sale?" in page
    assert ">Same<" in page
    page = cora.post(page_of(item), {"engage_id": seeds.BENGT_ID}).text
    assert "They do not have the key of this sale." in page
    assert Item.objects.get().state == State.ATTENTION
    assert Receipt.objects.get().contact is None


def test_once_chosen_it_arrives_as_theirs_and_the_key_is_gone(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, OTHER_TYPE)
    answer = cora.post(page_of(item), {"engage_id": seeds.CECILIA_ID, "confirmed": "1"}, follow=True)
    assert "It has its contact now" in answer.text
    deliver_all()
    engage.engage.advance(60)
    assert engage.engage.receipts["101-1"]["contactId"] == seeds.CECILIA_ID
    assert Item.objects.get().state == State.ACCEPTED
    kept = Receipt.objects.get()
    assert kept.contact == Contact.objects.get(engage_contact_id=seeds.CECILIA_ID)
    assert seeds.CECILIA_EMAIL not in kept.body
    told = list(Event.objects.filter(actor="cora").order_by("pk").values_list("what", "detail"))
    assert told == [("given to a contact", seeds.CECILIA_ID), ("sent again by hand", "")]


def test_sent_by_its_key_it_arrives_once_somebody_has_it(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, NOBODYS)
    assert "Send it by its key" in cora.get(page_of(item)).text
    contact = engage.engage.contacts[seeds.ANNA_ID]
    contact["attributes"]["email"] = NOBODYS["matchKey"]
    engage.engage.store.put("contact", seeds.ANNA_ID, contact)
    cora.post("/staff/queue/retry/", {"only": item.pk})
    deliver_all()
    engage.engage.advance(60)
    assert engage.engage.receipts["101-1"]["contactId"] == seeds.ANNA_ID


def test_a_second_time_is_refused(till, receipt_body, engage):
    item = unowned(till, receipt_body, OTHER_TYPE)
    choose = {"item": item, "by": "cora"}
    owner_choose(engage_id=EngageContactId(seeds.CECILIA_ID), deadline=Deadline.after(20), **choose)
    with pytest.raises(OwnerRefusedError):
        owner_choose(engage_id=EngageContactId(seeds.ANNA_ID), deadline=Deadline.after(20), **choose)
    assert str(Receipt.objects.get().contact_id) == seeds.CECILIA_ID
    assert Event.objects.filter(what="given to a contact").count() == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Please enter an id"),
        ("430d3329", "Please enter an id"),
        ("99999999-9999-4999-8999-999999999999", "Engage has no contact with this id."),
    ],
)
def test_a_senseless_id_is_refused_at_its_field(cora, till, receipt_body, engage, typed, said):
    item = unowned(till, receipt_body, NOBODYS)
    assert said in cora.post(page_of(item), {"engage_id": typed, "confirmed": "1"}).text
    assert Item.objects.get().state == State.ATTENTION


def test_engage_being_away_is_said_kindly(cora, till, receipt_body, engage):
    item = unowned(till, receipt_body, NOBODYS)
    take_down(engage)
    assert "Engage isn’t answering right now, so we can’t say." in cora.get(page_of(item)).text
    page = cora.post(page_of(item), {"engage_id": seeds.ANNA_ID, "confirmed": "1"}).text
    assert "Please try again in a little while." in page
    assert Item.objects.get().state == State.ATTENTION
    bring_up(engage)


def test_a_sale_to_an_id_that_engage_does_not_have_is_given_to_whom_staff_name(
    cora, till, receipt_body, engage
):
    engage.engage.configure(import_delay=0)
    till.post(RECEIPTS, receipt_body("101-1", contact={"matchKey": UNKNOWN, "matchKeyType": "contactId"}))
    deliver_all()
    long_ago = clock.now() - timedelta(hours=25)
    Item.objects.update(finished_at=long_ago, not_before=clock.now())
    deliver_all()
    item = Item.objects.get()
    assert (item.state, item.reason_code) == (State.ATTENTION, "ContactNotFound")
    assert item.reason == "Engage took it in and found no contact for it."
    assert "Nobody in Engage has it." in cora.get(page_of(item)).text
    assert "Is it their sale?" in cora.post(page_of(item), {"engage_id": seeds.BENGT_ID}).text
    cora.post(page_of(item), {"engage_id": seeds.BENGT_ID, "confirmed": "1"})
    deliver_all()
    assert engage.engage.received["101-1"]["body"]["contact"]["matchKey"] == seeds.BENGT_ID
    assert str(Receipt.objects.get().contact.engage_contact_id) == seeds.BENGT_ID


def test_a_sale_to_a_deleted_contact_is_given_to_whom_staff_name(cora, till, receipt_body, engage):
    till.get(f"/api/v3/contacts/{seeds.ANNA_ID}")
    contact_gone(engage_contact_id=UUID(seeds.ANNA_ID))
    item = unowned(till, receipt_body, {"matchKey": seeds.ANNA_ID, "matchKeyType": "contactId"})
    assert "Say whose sale it is…" in cora.get(f"/staff/queue/{item.pk}/").text
    cora.post(page_of(item), {"engage_id": seeds.BENGT_ID, "confirmed": "1"})
    deliver_all()
    assert engage.engage.received["101-1"]["body"]["contact"]["matchKey"] == seeds.BENGT_ID


def test_a_sale_that_has_its_contact_is_not_asked_about(cora, till, receipt_body, engage):
    till.post(RECEIPTS, receipt_body("101-1", article="REFUSE"))
    deliver_all()
    item = Item.objects.get()
    assert item.state == State.ATTENTION
    assert "Say whose sale it is…" not in cora.get(f"/staff/queue/{item.pk}/").text
    page = cora.post(page_of(item), {"engage_id": seeds.ANNA_ID, "confirmed": "1"}, follow=True).text
    assert "Nothing waits for this decision any more." in page


@pytest.mark.parametrize("permissions", [(), ("view_item", "retry_item"), ("view_item", "view_contact")])
def test_only_who_may_put_contacts_right_can_choose(till, receipt_body, engage, permissions):
    item = unowned(till, receipt_body, OTHER_TYPE)
    vera = at_work("vera", *permissions)
    if permissions:
        assert "Say whose sale it is…" not in vera.get(f"/staff/queue/{item.pk}/").text
    assert vera.get(page_of(item)).status_code == 403
    assert vera.post(page_of(item), {"engage_id": seeds.ANNA_ID, "confirmed": "1"}).status_code == 403
    assert Receipt.objects.get().contact is None


def test_without_the_permission_to_send_again_there_is_no_button_for_it(till, receipt_body, engage):
    item = unowned(till, receipt_body, NOBODYS)
    kim = at_work("kim", "view_item", "correct_contact")
    assert "Send it by its key" not in kim.get(page_of(item)).text


def test_an_item_that_is_no_sale_is_not_asked_about(cora):
    item = building.item(kind="contact.update", state=State.ATTENTION)
    assert cora.get(page_of(item)).status_code == 302
    assert cora.get("/staff/queue/999/owner/").status_code == 404
