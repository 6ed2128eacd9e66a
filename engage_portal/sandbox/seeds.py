"""The invented people the sandbox starts with. Ids never change; dates are relative to the seeding."""

from datetime import datetime, timedelta
from typing import NamedTuple

from engage_portal.sandbox import loyalty, promotions, receipts, stores
from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.contact_rules import PREFERENCES
from engage_portal.sandbox.seed_texts import CONSENTS, OFFERS, STORES, Offer
from engage_portal.sandbox.state import Engage

ANNA_ID = "430d3329-7eef-45c0-87f9-ae9300a0dace"
BENGT_ID = "5b8a6d1e-90c4-4b1f-9d53-2c1f60e3b7a2"
CECILIA_ID = "9c2f4e7a-1d36-4a58-8b0e-71d5a4c9e613"
DANA_MEMBER_ID = "b16fd8f3-d0f5-4aaa-aa60-b00300f9aaaa"
DANA_CONTACT_ID = "febb6003-863d-4bbb-a4d0-b0030119bbbb"

ANNA_EMAIL = "anna@example.com"
ANNA_PHONE = "+46735654321"
ANNA_MEMBER_NUMBER = "28972987289"
BENGT_EMAIL = "bengt@example.com"
CECILIA_EMAIL = "cecilia@example.com"
DANA_EMAIL = "dana@example.com"

STORE_STOCKHOLM = "101"
STORE_GOTHENBURG = "102"
STORE_WEB = "900"

CONSENT_MEMBER = "memberConsent"
CONSENT_PROFILING = "profilingConsent"

ANNA_PERCENT_ID = OFFERS[0].assignment_id
ANNA_MONEY_ID = OFFERS[1].assignment_id
ANNA_EXTERNAL_ID = OFFERS[2].assignment_id
ANNA_REDEEMED_ID = OFFERS[3].assignment_id
ANNA_EXPIRING_ID = OFFERS[4].assignment_id
PERCENT_TEMPLATE_ID = OFFERS[0].promotion_id

VOUCHER_ID = "af61c5c8-7ff8-4234-9b67-c75300738cd3"
VOUCHER_USED_ID = "0d9f3c57-6b1e-4c1d-a3f5-4f0f1c9b2e88"
VOUCHER_EXPIRED_ID = "3e5a7b90-2f44-47d2-9c1b-6a8d0e7f5c21"
ACCOUNT_ID = "33aac83b-a50c-4234-b57f-5b94b9f1a1a2"
BENGT_ACCOUNT_ID = "7d1b90ce-4c52-4f6a-8e27-9a0c5b3d6e14"


class _Line(NamedTuple):
    article: str
    name: str
    group: str
    price: int
    quantity: int = 1


class _Sale(NamedTuple):
    number: str
    days_ago: int
    store: str
    paid_by: str
    lines: tuple[_Line, ...]


_COAT = _Line("2324234", "Wool coat, camel", "Coats", 2495)
_SHIRT = _Line("1105520", "Linen shirt, white", "Shirts", 599)
_TOWELS = _Line("7710032", "Bath towel, waffle, sand", "Bathroom", 249, 2)
_LAMP = _Line("8820117", "Table lamp Skagen, brass", "Lighting", 1195)
_SALES = (
    _Sale(
        "100234",
        351,
        STORE_STOCKHOLM,
        "card",
        (_COAT, _Line("3301190", "Cashmere scarf, grey", "Accessories", 799)),
    ),
    _Sale("100871", 302, STORE_STOCKHOLM, "swish", (_SHIRT,)),
    _Sale(
        "W-55120", 268, STORE_WEB, "card", (_TOWELS, _Line("7710088", "Bath mat, cotton", "Bathroom", 349))
    ),
    _Sale("101542", 214, STORE_STOCKHOLM, "card", (_Line("1208841", "Chinos, navy", "Trousers", 899),)),
    _Sale("W-57893", 171, STORE_WEB, "klarna", (_LAMP,)),
    _Sale(
        "102015", 120, STORE_STOCKHOLM, "card", (_Line("6640021", "Stoneware mug, blue", "Kitchen", 129, 4),)
    ),
    _Sale(
        "W-60410",
        83,
        STORE_WEB,
        "card",
        (_Line("1407733", "Merino jumper, forest", "Knitwear", 1099), _SHIRT),
    ),
    _Sale("102988", 39, STORE_STOCKHOLM, "swish", (_Line("9905510", "Scented candle, fig", "Home", 279, 2),)),
    _Sale("W-62277", 12, STORE_WEB, "card", (_Line("5502214", "Leather gloves, black", "Accessories", 699),)),
)
_RETURNS = (
    _Sale("100902", 295, STORE_STOCKHOLM, "swish", (_SHIRT,)),
    _Sale("W-58001", 160, STORE_WEB, "klarna", (_LAMP,)),
)


def plant(engage: Engage) -> None:
    """Stores, consents and all the people, with a year of Anna's history."""
    plant_setup(engage)
    for store in STORES:
        stores.put(engage, store)
    _people(engage)
    for sale in (*_SALES, *_RETURNS):
        _history(engage, sale, is_return=sale in _RETURNS)
    for offer in OFFERS:
        _offer(engage, offer)
    _vouchers(engage)
    _points(engage)


def plant_setup(engage: Engage) -> None:
    """What every tenant has: the definitions of its consents."""
    for consent in CONSENTS:
        engage.store.put("consent", str(consent["id"]), dict(consent))


def _people(engage: Engage) -> None:
    anna: Record = {
        "firstName": "Anna",
        "lastName": "Arkberg",
        "email": ANNA_EMAIL,
        "mobilePhone": ANNA_PHONE,
        "memberNumber": ANNA_MEMBER_NUMBER,
        "street": "Storgatan 1",
        "zipCode": "111 22",
        "city": "Stockholm",
        "countryCode": "SE",
        "language": "sv",
        "birthDay": "1986-04-12",
        "gender": "Female",
        "store": STORE_STOCKHOLM,
        "createdInStore": STORE_STOCKHOLM,
    }
    bengt = {
        "firstName": "Bengt",
        "lastName": "Berlucci",
        "email": BENGT_EMAIL,
        "mobilePhone": "+46701740605",
        "memberNumber": "28972987290",
        "street": "Norra vägen 7",
        "zipCode": "411 05",
        "city": "Göteborg",
        "countryCode": "SE",
        "language": "sv",
        "store": STORE_GOTHENBURG,
    }
    cecilia = {"firstName": "Cecilia", "lastName": "Carlsson", "email": CECILIA_EMAIL, "countryCode": "SE"}
    dana = {"firstName": "Dana", "lastName": "Dahl", "email": DANA_EMAIL, "countryCode": "SE"}
    agreed = [
        _consent(engage, CONSENT_MEMBER, days_ago=900),
        _consent(engage, CONSENT_PROFILING, days_ago=420),
    ]
    _contact(engage, ANNA_ID, "Member", anna, accepts=("acceptsEmail",), consents=agreed, days_ago=900)
    _contact(engage, BENGT_ID, "Member", bengt, accepts=PREFERENCES, consents=agreed[:1], days_ago=610)
    _contact(engage, CECILIA_ID, "Contact", cecilia, accepts=("acceptsEmail",), consents=[], days_ago=95)
    member = {**dana, "memberNumber": "28972987291"}
    _contact(engage, DANA_MEMBER_ID, "Member", member, accepts=(), consents=agreed[:1], days_ago=200)
    _contact(engage, DANA_CONTACT_ID, "Contact", dana, accepts=("acceptsEmail",), consents=[], days_ago=480)


def _contact(
    engage: Engage,
    contact_id: str,
    contact_type: str,
    attributes: Record,
    *,
    accepts: tuple[str, ...],
    consents: list[Record],
    days_ago: int,
) -> None:
    created = _ago(engage, days_ago).isoformat()
    record: Record = {
        "id": contact_id,
        "contactType": contact_type,
        "approved": True,
        "attributes": attributes,
        "preferences": {name: name in accepts for name in PREFERENCES},
        "consents": consents,
        "createdAt": created,
        "updatedAt": created,
        "seeded": True,
    }
    engage.store.put("contact", contact_id, record)


def _consent(engage: Engage, consent_id: str, *, days_ago: int) -> Record:
    date = engage.local_iso(_ago(engage, days_ago))
    return {"id": consent_id, "value": True, "date": date, "source": "Ecom", "comment": "My Pages"}


def _history(engage: Engage, sale: _Sale, *, is_return: bool) -> None:
    sign = -1 if is_return else 1
    total = sum(line.price * line.quantity for line in sale.lines)
    unique = f"seed-{sale.store}-{sale.number}"
    body: Record = {
        "contact": {"matchKey": ANNA_ID, "matchKeyType": "contactId"},
        "uniqueReceiptId": unique,
        "receiptNumber": sale.number,
        "createdDate": engage.local_iso(_ago(engage, sale.days_ago)),
        "storeExternalId": sale.store,
        "currency": "SEK",
        "totalGrossPrice": sign * total,
        "paymentMethods": [{"type": sale.paid_by, "value": sign * total}],
        "items": [_item(line, sign) for line in sale.lines],
    }
    transaction_id = f"6f0f1c7e-0a5e-4a39-8d5c-{sale.days_ago:012d}"
    item = receipts.transaction(engage, body, transaction_id)
    engage.store.put("transaction", transaction_id, {"contactId": ANNA_ID, "item": item})


def _item(line: _Line, sign: int) -> Record:
    gross = line.price * line.quantity
    return {
        "type": "RETURN" if sign < 0 else "PURCHASE",
        "sku": f"{line.article}-1",
        "articleNumber": line.article,
        "articleName": line.name,
        "articleGroup": line.group,
        "quantity": sign * line.quantity,
        "grossPaidPrice": gross,
        "taxAmount": round(gross * 25 / 125, 2),
        "taxPercent": 25.0,
    }


def _offer(engage: Engage, offer: Offer) -> None:
    template: Record = {
        "id": offer.promotion_id,
        "promotionId": offer.promotion_id,
        "externalId": None,
        "type": "Multichannel",
        "name": offer.name,
        "expiresOn": engage.local_iso(_ago(engage, -offer.days_left)) if offer.days_left else None,
        "heading": offer.heading,
        "description": offer.description,
        "imageUrl": None,
        "link": offer.link,
        "redemptionChannels": list(offer.channels),
    }
    engage.store.put("template", offer.promotion_id, template)
    promotions.give(engage, ANNA_ID, template, offer.assignment_id)
    record = engage.store.get("assignment", offer.assignment_id)
    if offer.redeemed_days_ago and record:
        when = engage.local_iso(_ago(engage, offer.redeemed_days_ago))
        item = {**record["item"], "redeemed": True, "redeemedOn": when}
        engage.store.put("assignment", offer.assignment_id, {**record, "item": item})


def _vouchers(engage: Engage) -> None:
    _voucher(engage, VOUCHER_ID, "2511233093766", amount=100, expires_in=60)
    _voucher(engage, VOUCHER_USED_ID, "2511233093767", amount=50, expires_in=20, used_days_ago=83)
    _voucher(engage, VOUCHER_EXPIRED_ID, "2511233093768", amount=50, expires_in=-30)


def _voucher(
    engage: Engage, voucher_id: str, number: str, *, amount: int, expires_in: int, used_days_ago: int = 0
) -> None:
    item = {
        "id": voucher_id,
        "voucherNumber": number,
        "name": f"Bonus voucher {amount} kr",
        "redeemed": bool(used_days_ago),
        "redeemedOn": engage.local_iso(_ago(engage, used_days_ago)) if used_days_ago else None,
        "expiresOn": engage.local_iso(_ago(engage, -expires_in)),
        "value": {"amount": amount, "currency": "SEK"},
        "localValues": [{"amount": amount, "currency": "NOK"}],
        "points": amount * 20,
    }
    engage.store.put("voucher", voucher_id, {"contactId": ANNA_ID, "item": item, "reactivated": 0})


def _points(engage: Engage) -> None:
    hers = loyalty.open_account(engage, ANNA_ID, ACCOUNT_ID)
    expires = engage.local_iso(_ago(engage, -200))
    engage.store.put("account", ACCOUNT_ID, {**hers, "balanceExpires": expires})
    loyalty.open_account(engage, BENGT_ID, BENGT_ACCOUNT_ID)
    for sale in (*_SALES, *_RETURNS):
        total = sum(line.price * line.quantity for line in sale.lines)
        is_return = sale in _RETURNS
        words = ("Return", "Deduction", -total) if is_return else ("Purchase", "Addition", total)
        _move(engage, words[1], words[2], f"{words[0]} {sale.number}", sale.days_ago)
    _move(engage, "Deduction", -2000, "Bonus voucher 100 kr", 30)
    _move(engage, "Deduction", -1000, "Bonus voucher 50 kr", 100)
    welcome = _movement(engage, "Addition", 250, "Birthday points, valid from next month", 2)
    starts = engage.local_iso(_ago(engage, -28))
    _book(engage, {**welcome, "validFrom": starts})


def _move(engage: Engage, kind: str, amount: int, what: str, days_ago: int) -> None:
    _book(engage, _movement(engage, kind, amount, what, days_ago))


def _book(engage: Engage, movement: Record) -> None:
    holder = engage.store.get("account", ACCOUNT_ID)
    if holder:
        loyalty.book(engage, holder, movement)


def _movement(engage: Engage, kind: str, amount: int, what: str, days_ago: int) -> Record:
    return {
        "id": f"c4d2a8b6-31f7-4e0d-9b65-{days_ago:012d}",
        "transactionType": kind,
        "amount": amount,
        "description": what,
        "source": "Purchase" if what.startswith(("Purchase", "Return")) else "Engage",
        "transactionDate": engage.local_iso(_ago(engage, days_ago)),
    }


def _ago(engage: Engage, days: int) -> datetime:
    """A moment so many days back (negative: ahead), at a time of day when shops are open."""
    moment = engage.now() - timedelta(days=days)
    return moment.replace(hour=12 + days % 5, minute=(days * 7) % 60, second=0, microsecond=0)
