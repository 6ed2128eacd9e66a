"""`GET /api/v3/reward-vouchers`, `/available`, `/redeemed`: as Engage pages them, told apart by our own clock."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engage_portal.core import clock
from engage_portal.engage.wire import decode
from engage_portal.sandbox import seeds
from promotions.models import Voucher, VoucherSnapshot
from tests.api.talking import CONTACTS, UNKNOWN, VOUCHERS, code_of, new_contact, take_down, voucher_path

pytestmark = pytest.mark.django_db
ANNAS = {"contactId": seeds.ANNA_ID}
AVAILABLE, REDEEMED = f"{VOUCHERS}/available", f"{VOUCHERS}/redeemed"


def ids(till, path: str = VOUCHERS, **query) -> list[str]:
    answer = till.get(path, {**ANNAS, **query})
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["items"]]


def make_old() -> None:
    VoucherSnapshot.objects.update(fetched_at=clock.now() - timedelta(hours=2))


def change(engage, voucher_id: str = seeds.VOUCHER_ID, *, without: tuple[str, ...] = (), **members) -> None:
    with engage.engage.lock:
        record = engage.engage.store.get("voucher", voucher_id)
        item = {name: value for name, value in record["item"].items() if name not in without}
        engage.engage.store.put("voucher", voucher_id, {**record, "item": {**item, **members}})
        engage.engage.store.commit()


def test_all_are_passed_on_word_for_word_in_engages_page(engage, till):
    body = till.get(VOUCHERS, ANNAS).json()
    theirs = {key: record["item"] for key, record in engage.engage.store.all("voucher").items()}
    assert {each["id"]: each for each in body["items"]} == theirs
    assert (body["offset"], body["count"], body["totalCount"]) == (0, 3, 3)


def test_usable_used_and_expired_are_told_apart(engage, till):
    assert ids(till, AVAILABLE) == [seeds.VOUCHER_ID]
    assert ids(till, REDEEMED) == [seeds.VOUCHER_USED_ID]


def test_one_list_answers_all_three_and_engage_is_asked_once(wire, till):
    for path in (VOUCHERS, AVAILABLE, REDEEMED):
        ids(till, path)
    assert [sent.path for sent in wire.of("GET", VOUCHERS)] == [VOUCHERS]


def test_a_part_is_a_part_of_the_chosen_ones(engage, till):
    body = till.get(VOUCHERS, {**ANNAS, "offset": 1, "count": 1}).json()
    assert (body["offset"], body["count"], body["totalCount"]) == (1, 1, 3)
    body = till.get(AVAILABLE, {**ANNAS, "offset": 1, "count": 1}).json()
    assert (body["items"], body["totalCount"]) == ([], 1)


def test_all_pages_of_engage_are_kept(engage, till):
    with engage.engage.lock:
        record = engage.engage.store.get("voucher", seeds.VOUCHER_ID)
        for number in range(120):
            voucher_id = f"00000000-0000-4000-8000-{number:012d}"
            item = {**record["item"], "id": voucher_id}
            engage.engage.store.put("voucher", voucher_id, {**record, "item": item})
        engage.engage.store.commit()
    assert till.get(VOUCHERS, {**ANNAS, "count": 1}).json()["totalCount"] == 123


def test_by_our_clock_a_voucher_expires_also_while_engage_is_away(engage, till):
    change(engage, expiresOn=(clock.now() + timedelta(hours=1)).isoformat())
    assert ids(till, AVAILABLE) == [seeds.VOUCHER_ID]
    take_down(engage)
    Voucher.objects.filter(pk=seeds.VOUCHER_ID).update(expires_on=clock.now() - timedelta(seconds=1))
    assert ids(till, AVAILABLE) == []
    assert len(ids(till)) == 3


def test_what_is_not_valid_yet_is_not_available(engage, till):
    change(engage, validFrom=(clock.now() + timedelta(days=1)).isoformat())
    assert ids(till, AVAILABLE) == []
    Voucher.objects.filter(pk=seeds.VOUCHER_ID).update(valid_from=clock.now())
    assert ids(till, AVAILABLE) == [seeds.VOUCHER_ID]


def test_names_of_v2_are_answered_under_those_of_v3(engage, till):
    change(engage, without=("voucherNumber", "points"), checkNumber="777", bonusPoints=2000)
    mine = next(each for each in till.get(VOUCHERS, ANNAS).json()["items"] if each["id"] == seeds.VOUCHER_ID)
    assert (mine["voucherNumber"], mine["points"], mine["checkNumber"]) == ("777", 2000, "777")


def test_the_digits_of_money_are_kept(engage, till):
    till.get(VOUCHERS, ANNAS)
    row = Voucher.objects.get(pk=seeds.VOUCHER_ID)
    Voucher.objects.filter(pk=row.pk).update(raw=row.raw.replace('"amount":100', '"amount":100.10', 1))
    body = decode(till.get(VOUCHERS, ANNAS).content)
    assert str(body["items"][0]["value"]["amount"]) == str(Decimal("100.10"))


def test_what_was_used_here_is_redeemed_at_once_in_every_list(engage, till):
    ids(till)
    take_down(engage)
    assert till.post(voucher_path("redeem")).status_code == 202
    assert seeds.VOUCHER_ID in ids(till, REDEEMED)
    assert ids(till, AVAILABLE) == []
    mine = next(each for each in till.get(REDEEMED, ANNAS).json()["items"] if each["id"] == seeds.VOUCHER_ID)
    assert mine["redeemedOn"].startswith(f"{clock.now():%Y-%m-%d}")


def test_the_age_is_told_live_cached_and_stale(engage, till):
    assert till.get(VOUCHERS, ANNAS).headers["X-Engage-Freshness"] == "live"
    assert till.get(VOUCHERS, ANNAS).headers["X-Engage-Freshness"] == "cached"
    take_down(engage)
    make_old()
    answer = till.get(AVAILABLE, ANNAS)
    assert answer.headers["X-Engage-Freshness"] == "stale"
    assert 7200 <= int(answer.headers["Age"]) < 7260


@pytest.mark.parametrize("path", [VOUCHERS, AVAILABLE, REDEEMED])
def test_down_and_never_fetched_is_503_with_the_notice(engage, till, path):
    till.get(f"{CONTACTS}/{seeds.ANNA_ID}")
    take_down(engage)
    answer = till.get(path, ANNAS)
    assert (answer.status_code, code_of(answer)) == (503, "EngageUnavailable")
    assert "proceed with your purchase" in answer.json()["messageDetails"]["notice"]


def test_somebody_born_during_the_outage_has_none(engage, till):
    take_down(engage)
    born = till.post(CONTACTS, new_contact()).json()["id"]
    answer = till.get(VOUCHERS, {"contactId": born})
    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_an_unknown_contact(engage, till):
    answer = till.get(VOUCHERS, {"contactId": UNKNOWN})
    assert (answer.status_code, code_of(answer)) == (404, "ContactNotFound")


@pytest.mark.parametrize("wrong", [{"offset": "-1"}, {"count": "0"}, {"count": "501"}, {"offset": "x"}])
def test_a_wrong_part_is_refused(engage, till, wrong):
    assert till.get(VOUCHERS, {**ANNAS, **wrong}).status_code == 400


@pytest.mark.parametrize("wrong", [None, "", "anna"])
def test_a_contact_id_is_needed(engage, till, wrong):
    answer = till.get(VOUCHERS, {} if wrong is None else {"contactId": wrong})
    assert (answer.status_code, code_of(answer)) == (400, "InvalidContactId")
