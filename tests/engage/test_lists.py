"""Lists and pages: history, promotions, points, vouchers, stores, consents."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engage_portal.engage import (
    Money,
    Page,
    PointAccount,
    PromotionAssignment,
    RewardVoucher,
    Store,
    Transaction,
    Unavailable,
)
from tests.engage.answering import CONTACT_ID, HTML, captured

WHO = f"contactId={CONTACT_ID}"


def test_history_is_a_page_with_exact_money(engage, client):
    engage.answer((200, captured("transactions")))
    page = client.list_transactions(CONTACT_ID, offset=0, count=1)
    assert engage.line == f"GET /api/v3/contacts/transactions?{WHO}&offset=0&count=1"
    assert (page.total_count, page.offset, page.count, page.has_more) == (2, 0, 1, True)
    (sale,) = page.items
    assert sale.id == "6f0f1c7e-0a5e-4a39-8d5c-2f6a3d1b7c11"
    assert str(sale.net_price_sum) == "160.10"
    assert sale.number_of_items == 2
    assert sale.created_date == datetime.fromisoformat("2018-09-06T15:55:54+01:00")
    assert sale.external_id == "20180906468464468"
    assert sale.line_items == ({"sku": "1"},)


def test_a_stored_answer_can_be_read_again_after_its_money_became_text(engage, client):
    engage.answer((200, captured("transactions")))
    (sale,) = client.list_transactions(CONTACT_ID).items
    stored = json.loads(json.dumps(sale.raw, default=str))
    assert Transaction.read(stored).net_price_sum == Decimal("160.10")


def test_promotions_are_a_plain_array(engage, client):
    engage.answer((200, captured("promotion_assignments")))
    (promotion,) = client.list_promotion_assignments(CONTACT_ID)
    assert engage.line == f"GET /api/v3/promotion-assignments?{WHO}"
    assert promotion.id == "bb247ef7-80bb-440c-beb7-ab4172e56666"
    assert promotion.promotion_id == "1a50b7aa-d697-4dc6-3ce7-ab2c00b3a920"
    assert (promotion.redeemed, promotion.expires_on, promotion.heading) == (False, None, None)
    pos, other, ecom = promotion.redemption_channels
    assert pos.value == Money(amount=Decimal("19.50"), currency="EUR")
    assert pos.local_values == (Money(amount=Decimal(195), currency="SEK"),)
    assert (other.value, ecom.value) == (Decimal(25), "10056")


@pytest.mark.parametrize("name", ["items", "Items"])
def test_promotions_may_come_as_a_page_too(engage, client, name):
    items = json.loads(captured("promotion_assignments"))
    engage.answer((200, json.dumps({name: items}).encode()))
    (promotion,) = client.list_promotion_assignments(CONTACT_ID, channel="ECOM")
    assert promotion.name == "Spring offer"
    assert engage.line == f"GET /api/v3/promotion-assignments?{WHO}&redemptionChannelType=ECOM"


def test_an_assignment_that_could_never_be_redeemed_is_left_out(engage, client):
    engage.answer((200, b'[{"name": "no id"}, null, "odd", {"id": "a1"}]'))
    assert [each.id for each in client.list_promotion_assignments(CONTACT_ID)] == ["a1"]


def test_a_date_of_redemption_counts_where_the_flag_is_missing():
    assert PromotionAssignment.read({"id": "a", "redeemedOn": "2023-02-08T12:15:59.2123456Z"}).redeemed
    assert not RewardVoucher.read({"id": "v"}).redeemed
    assert not RewardVoucher.read(
        {"id": "v", "redeemed": False, "redeemedOn": "2023-02-08T12:15:59Z"}
    ).redeemed


@pytest.mark.parametrize(
    ("which", "path"),
    [
        ("all", "reward-vouchers"),
        ("available", "reward-vouchers/available"),
        ("redeemed", "reward-vouchers/redeemed"),
    ],
)
def test_vouchers_are_paged(engage, client, which, path):
    engage.answer((200, captured("reward_vouchers")))
    page = client.list_vouchers(CONTACT_ID, which=which, offset=0, count=10)
    assert engage.line == f"GET /api/v3/{path}?{WHO}&offset=0&count=10"
    (voucher,) = page.items
    assert (voucher.id, voucher.voucher_number) == ("af61c5c8-7ff8-1234-9b67-c75300738cd3", "2511233093766")
    assert voucher.value == Money(amount=Decimal(195), currency="SEK")
    assert voucher.local_values[1].amount == Decimal("19.5")
    assert (voucher.redeemed, voucher.points) == (True, Decimal(4869))
    assert voucher.expires_on == datetime(2023, 2, 8, 12, 15, 59, 212000, tzinfo=UTC)
    assert not page.has_more


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"items": items, "totalCount": 1}])
def test_point_accounts_are_read_as_array_and_as_page(engage, client, wrap):
    engage.answer((200, json.dumps(wrap(json.loads(captured("point_accounts")))).encode()))
    (account,) = client.list_point_accounts(CONTACT_ID)
    assert engage.line == f"GET /api/v3/point-accounts?{WHO}"
    assert account.id == "33aac83b-a50c-1234-b57f-5b94b9f1a1a2"
    assert account.contact_id == "a3835e0b-4acd-480f-9a24-ceac75337237"
    assert (account.definition_id, account.balance, account.pending_points) == ("1", Decimal("1250.5"), 0)


def test_one_point_account_is_read_by_its_id(engage, client):
    (raw,) = json.loads(captured("point_accounts"))
    engage.answer((200, json.dumps(raw).encode()))
    account = client.get_point_account("33aac83b-a50c-1234-b57f-5b94b9f1a1a2")
    assert engage.line == "GET /api/v3/point-accounts/33aac83b-a50c-1234-b57f-5b94b9f1a1a2"
    assert account.balance == Decimal("1250.5")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'"text"'])
def test_an_answer_without_an_account_is_no_account(engage, client, body):
    engage.answer((200, body))
    with pytest.raises(Unavailable):
        client.get_point_account("33")


def test_a_voucher_may_start_later():
    voucher = RewardVoucher.read({"id": "v", "validFrom": "2026-12-01T00:00:00Z"})
    assert voucher.valid_from == datetime(2026, 12, 1, tzinfo=UTC)


def test_point_movements_are_read_under_a_capital(engage, client):
    engage.answer((200, captured("point_transactions")))
    page = client.list_point_transactions(account_id="33", count=1)
    assert engage.line == "GET /api/v3/point-transactions?accountId=33&filter=All&offset=0&count=1"
    (movement,) = page.items
    assert (movement.id, movement.amount, movement.type) == ("17", Decimal(-100), "Deduction")
    assert movement.created_on == datetime(2023, 5, 4, 9, 5, tzinfo=UTC), "the tenant's summer"
    assert (page.total_count, page.has_more) == (3, True)


def test_point_movements_of_a_contact_need_the_definition(engage, client):
    engage.answer((200, b'{"Items": []}'))
    page = client.list_point_transactions(contact_id=CONTACT_ID, definition_id="1", filter="Pending")
    assert (
        engage.line
        == f"GET /api/v3/point-transactions?{WHO}&definitionId=1&filter=Pending&offset=0&count=100"
    )
    assert (page.items, page.has_more) == ((), False)
    for wrong in (
        {},
        {"contact_id": CONTACT_ID},
        {"account_id": "1", "contact_id": "2", "definition_id": "3"},
    ):
        with pytest.raises(ValueError, match="an account, or a contact and a definition"):
            client.list_point_transactions(**wrong)


def test_stores_are_listed(engage, client):
    engage.answer((200, captured("stores")))
    oslo, old = client.list_stores(include_inactive=True)
    assert engage.line == "GET /api/v3/stores?includeInactive=true"
    assert (oslo.external_id, oslo.city, oslo.active) == ("321", "Oslo", True)
    assert (old.type, old.time_zone, old.active) == (None, None, False)
    client.list_stores()
    assert engage.line == "GET /api/v3/stores"


def test_a_store_is_active_unless_told_otherwise():
    assert Store.read({"externalId": 17}).active
    assert Store.read({"externalId": 17}).external_id == "17"


def test_consents_come_with_texts_by_locale(engage, client):
    engage.answer((200, captured("consents")))
    (consent,) = client.list_consents()
    assert engage.line == "GET /api/v3/consents"
    assert (consent.id, consent.name) == ("memberConsent", "Membership")
    assert consent.condition_text == {"sv-SE": "Villkor", "en-GB": "Conditions"}
    assert consent.link_text == {}


@pytest.mark.parametrize("body", [b"", HTML, b"{}", b'"x"', b'{"items": 3}', b"null", b"[1", b"[" * 100_000])
def test_a_list_that_is_none_is_no_answer(engage, client, body):
    engage.answer((200, body))
    for ask in (client.list_stores, client.list_consents):
        with pytest.raises(Unavailable):
            ask()


def test_a_page_without_a_total_goes_on_while_pages_are_full():
    body = {"items": [{"id": 1}, {"id": 2}]}
    assert Page.read(body, PointAccount.read, offset=4, count=2).has_more
    page = Page.read(body, PointAccount.read, offset=4, count=3)
    assert (page.has_more, page.total_count, page.offset) == (False, 6, 4)


def test_a_plain_array_is_the_whole_list():
    page = Page.read([{"id": 1}, {"id": 2}], PointAccount.read, offset=0, count=2)
    assert (page.has_more, page.total_count, page.count) == (False, 2, 2)


@pytest.mark.parametrize("odd", [True, "NaN", "1e", {"a": 1}, [], "Infinity", ""])
def test_what_is_no_number_is_none(odd):
    account = PointAccount.read({"id": "1", "balance": odd, "definitionId": [], "balanceExpires": "soon"})
    assert (account.balance, account.definition_id, account.balance_expires) == (None, None, None)


def test_odd_members_never_break_an_answer():
    sale = Transaction.read({"numberOfItems": 1.5, "createdDate": 3, "lineItems": {"a": 1}, "id": True})
    assert (sale.number_of_items, sale.created_date, sale.line_items, sale.id) == (None, None, (), "")
