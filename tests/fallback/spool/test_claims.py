"""What goes into which file, and that nothing goes two ways."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from contacts.models import Contact
from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.spool.withdrawing import withdraw
from engage_portal.outbox import pauses
from engage_portal.outbox.delivery.claims import claim
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from promotions.models import Redemption
from receipts.handlers.receipt_post import ReceiptPost
from tests.conftest import make_receipt
from tests.fallback.spool.conftest import TRANSACTIONS, only, sell, send_files, sign_up, start, texts
from tests.outbox.building import anna, redemption_queued

pytestmark = pytest.mark.django_db

BY_PHONE = {"matchKey": "+46700000991", "matchKeyType": "mobilePhone"}
BY_MAIL = {"matchKey": "nobody@example.com", "matchKeyType": "email"}


def test_each_type_of_key_has_a_file_of_its_own(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    sell(till, "101-2", contact=BY_PHONE)
    sell(till, "101-3", contact=BY_MAIL)
    sell(till, "101-4", contact=BY_PHONE)

    start(by="karin")
    send_files()

    found = {tuple(texts(path, "uniqueReceiptId")) for path in (dropbox / TRANSACTIONS).iterdir()}
    assert found == {("101-1",), ("101-2", "101-4"), ("101-3",)}


def test_a_file_that_is_full_is_followed_by_another(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    settings.SPOOL_MAX_RECORDS = 2
    for number in range(5):
        sell(till, f"101-{number}")

    start(by="karin")
    send_files()

    assert list(SpoolFile.objects.order_by("number").values_list("records", flat=True)) == [2, 2, 1]
    in_order = [texts(path, "uniqueReceiptId") for path in sorted((dropbox / TRANSACTIONS).iterdir())]
    assert in_order == [["101-0", "101-1"], ["101-2", "101-3"], ["101-4"]]


def test_lines_are_counted_and_no_receipt_is_divided(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engage_portal.fallback.spool.claiming.MOST_LINES", 5)
    for number in range(3):
        sell(till, f"101-{number}", **_lines(3))

    start(by="karin")
    send_files()

    assert list(SpoolFile.objects.order_by("number").values_list("records", "lines")) == [(1, 3)] * 3


def test_what_is_being_sent_goes_no_second_way(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    Item.objects.update(is_parked=False)
    (taken,) = claim(1)

    assert start(by="karin").items == 0
    assert Item.objects.get(pk=taken.pk).state == State.SENDING


def test_what_is_in_a_file_is_not_claimed_by_a_worker(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    start(by="karin")

    assert claim(10) == []


def test_a_sale_in_doubt_goes_for_engage_drops_what_it_has(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    sell(till, "101-2")
    first = Item.objects.order_by("pk").first()
    assert first is not None
    Item.objects.filter(pk=first.pk).update(state=State.IN_DOUBT, looks_first=True, was_in_doubt=True)

    assert start(by="karin").items == 2
    withdraw(SpoolFile.objects.get(), by="karin")

    first.refresh_from_db()
    assert (first.state, first.looks_first) == (State.IN_DOUBT, True)


def test_a_redemption_in_doubt_waits_for_the_api(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    profile = Path(settings.ENGAGE_FILE_PROFILE)
    profile.write_text('[redeemed_promotions_import]\nenabled = true\nfolder = "x"\n')
    made = redemption_queued()
    Item.objects.filter(pk=made.pk).update(state=State.IN_DOUBT, looks_first=True, was_in_doubt=True)
    assert start(by="karin").items == 0

    Item.objects.filter(pk=made.pk).update(state=State.PENDING, looks_first=False, was_in_doubt=False)
    Redemption.objects.update(contact=None)
    assert start(by="karin").items == 0  # nobody could find out what became of it

    newborn = Contact.objects.create(contact_type="Member", email="frida@example.com", filed_at=clock.now())
    Redemption.objects.update(contact=newborn)
    assert start(by="karin").items == 0  # nor by an id that Engage has not told yet

    Redemption.objects.update(contact=anna())
    assert start(by="karin").items == 1


def test_what_comes_after_something_that_is_being_sent_waits_with_it(
    till: APIClient, away: None, dropbox: Path
) -> None:
    sell(till, "101-1")
    sell(till, "101-2")
    claim(1)

    assert start(by="karin").items == 0
    assert not SpoolFile.objects.exists()


def test_what_is_paused_stays(till: APIClient, away: None, dropbox: Path) -> None:
    sell(till, "101-1")
    pauses.pause(by="karin", reason="wrong prices", kind="receipt.post")

    assert start(by="karin").items == 0


def test_nothing_goes_where_the_profile_names_no_folder(
    till: APIClient, away: None, dropbox: Path, without_contacts_folder: None
) -> None:
    sign_up(till, "Frida")

    assert start(by="karin").items == 0
    assert Item.objects.get().state == State.PENDING


def test_a_record_that_no_file_can_hold_goes_alone_and_the_others_go(
    till: APIClient, away: None, dropbox: Path, settings: Any
) -> None:
    born = sign_up(till, "Frida")
    sign_up(till, "Greta")
    answer = till.patch(f"/api/v3/contacts/{born}", {"lastName": "\u00a0"})
    assert answer.status_code == 202, answer.content

    start(by="karin")
    send_files()

    file = SpoolFile.objects.get()
    assert file.records == 1
    left_out = Item.objects.get(kind="contact.create", state=State.PENDING)
    assert left_out.avoids_bulk
    assert "lastName" in left_out.reason
    assert texts(only(dropbox / "integration/contactImport"), "email") == ["greta@example.com"]
    assert start(by="karin").items == 0


def _lines(number: int) -> dict[str, Any]:
    (line,) = make_receipt()["items"]
    total = 200.00 * number
    return {
        "items": [line] * number,
        "totalGrossPrice": total,
        "paymentMethods": [{"type": "card", "value": total}],
    }


def test_a_field_that_no_file_can_say_is_left_for_the_api(till: APIClient, away: None, dropbox: Path) -> None:
    born = sign_up(till, "Frida")
    assert till.patch(f"/api/v3/contacts/{born}", {"odd name": "x", "city": "Umeå"}).status_code == 202

    start(by="karin")
    send_files()

    path = only(dropbox / "integration/contactImport")
    assert texts(path, "city") == ["Umeå"]
    assert "odd" not in path.read_text()


def test_a_fault_of_ours_in_one_item_keeps_no_other_out_of_its_file(
    till: APIClient, away: None, dropbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(till, "101-1", contact=BY_PHONE)
    sell(till, "101-2", contact=BY_MAIL)
    sound = ReceiptPost.file_row

    def file_row(self: ReceiptPost, item: Item, subject: Any) -> Any:
        return {}["a slip"] if item.reference == "101-1" else sound(self, item, subject)

    monkeypatch.setattr(ReceiptPost, "file_row", file_row)

    assert start(by="karin").items == 1
    send_files()
    assert texts(only(dropbox / TRANSACTIONS), "uniqueReceiptId") == ["101-2"]
    assert Item.objects.get(reference="101-1").state == State.PENDING
