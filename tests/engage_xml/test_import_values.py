"""Whatever tills and people hand in comes out of an import file as it went in, and the file is always well-formed."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from engage_portal.engage.xml import ContactRecord, RedemptionRecord
from engage_portal.engage.xml.imports import texts
from tests.engage_xml.examples import CONTACTS, REDEEMED, TRANSACTIONS, checked, receipt, written

FORBIDDEN = {*map(chr, range(0x20)), "\ufffe", "\uffff"} - {"\t", "\n", "\r"}
PIECES = ["<", "&", "]]>", '"', "\x00", "\x1f", "\ud800", "\ufffe", "😀", "\r\n", "\t", " "]
NASTY = st.lists(st.characters() | st.sampled_from(PIECES), max_size=12).map("".join)
AMOUNT = st.decimals(-(10**11), 10**11, allow_nan=False, allow_infinity=False, places=4) | st.sampled_from(
    [Decimal("1E+3"), Decimal("-0.00"), Decimal("0.0000000001"), Decimal("999999999999.9")]
)


def cleaned(text: str) -> str:
    return "".join(each for each in text if each not in FORBIDDEN and not "\ud800" <= each <= "\udfff")


def says_something(text: str) -> bool:
    """Not only for us: what XML Schema takes for blank is nothing to say, either."""
    return bool(cleaned(text).strip(" \t\r\n"))


SOME = NASTY.filter(says_something).filter(lambda text: not cleaned(text).isspace())


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(SOME, SOME, AMOUNT, AMOUNT, st.integers(1, 10**9), SOME, SOME)
def test_a_receipt_reads_back_as_it_was(name, sku, total, price, quantity, extra, key):
    one = receipt()
    line = msgspec.structs.replace(
        one.items[0], article_name=name, sku=sku, gross_paid_price=price, quantity=quantity
    )
    data = msgspec.structs.replace(one.items[0].extra_data[0], name=key, value=extra)
    sale = msgspec.structs.replace(one, items=(line,), total_gross_price=total, extra_data=(data,))
    content = written(TRANSACTIONS, [sale])
    with TemporaryDirectory() as folder:
        checked(Path(folder), content, TRANSACTIONS)
    record = etree.fromstring(content)[0]
    found = {etree.QName(each).localname: each for each in record.iterfind(".//{*}items/{*}item/*")}
    assert (found["articleName"].text, found["sku"].text) == (cleaned(name), cleaned(sku))
    assert found["grossPaidPrice"].text == f"{price:f}"
    assert found["quantity"].text == str(quantity)
    assert record.findtext("{*}totalGrossPrice") == f"{total:f}"
    item = record.find("{*}extraData/{*}item")
    assert (item.get("name"), item.text) == (cleaned(key), cleaned(extra))


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(st.dictionaries(st.sampled_from(["firstName", "city", "x-y", "retail.x", "Ö"]), SOME | st.just(""), min_size=1), min_size=1, max_size=4))  # fmt: skip
def test_contacts_read_back_as_they_were_and_only_what_was_cleared_is_empty(people):
    content = written(CONTACTS, [ContactRecord("Member", fields) for fields in people])
    with TemporaryDirectory() as folder:
        checked(Path(folder), content, CONTACTS)
    members = etree.fromstring(content)[0]
    assert [{etree.QName(each).localname: each.text or "" for each in member} for member in members] == [
        {name: cleaned(text) for name, text in fields.items()} for fields in people
    ]


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.uuids(), min_size=1, max_size=4, unique=True),
    st.sampled_from(["POS", "ECOM", "OTHER"]),
    st.datetimes(datetime(1971, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis adds the zone
    st.none() | SOME,
    st.none() | SOME,
)
def test_redemptions_read_back_as_they_were(coupons, channel, at, key, store):
    uses = [
        RedemptionRecord(str(one).upper(), channel, at.isoformat(), contact_key=key, store_id=store)
        for one in coupons
    ]
    content = written(REDEEMED, uses)
    with TemporaryDirectory() as folder:
        checked(Path(folder), content, REDEEMED)
    told = {"redemptionChannel": channel, "redeemedDateTime": at.isoformat()}
    told |= {name: cleaned(text) for name, text in (("contactKey", key), ("storeId", store)) if text}
    assert [{each.tag: each.text for each in record} for record in etree.fromstring(content)] == [
        {"couponId": str(one), **told} for one in coupons
    ]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(SOME)
def test_a_text_is_written_as_lxml_would_write_it(text):
    element = etree.Element("a")
    element.text = cleaned(text)
    assert texts.element("a", text) == etree.tostring(element, encoding="unicode")
