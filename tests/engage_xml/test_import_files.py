"""Import files are written as Engage describes them, and hold nothing that could cost the file or wipe a field."""

import hashlib
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from lxml import etree

from engage_portal.engage.xml import (
    DEFAULT_PROFILE,
    MOST_LINES,
    ContactRecord,
    InvalidRecordError,
    NoRecordsError,
    UnfitRecordsError,
    carries,
)
from tests.engage_xml import examples
from tests.engage_xml.examples import (
    CONTACTS,
    EXAMPLES,
    REDEEMED,
    TRANSACTIONS,
    checked,
    line,
    receipt,
    tree,
    written,
    written_with,
)

CASES = {
    "contacts_by_external_id": (CONTACTS, examples.NEW_PEOPLE, {}),
    "contacts_one_field": (CONTACTS, examples.ONE_FIELD, {}),
    "contacts_silent": (CONTACTS, examples.OWN_FIELD, {"is_silent": True}),
    "transactions": (TRANSACTIONS, examples.SALES, {}),
    "redeemed_promotions": (REDEEMED, examples.USES, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_example_is_written_from_what_the_portal_has(name, tmp_path):
    file_type, records, more = CASES[name]
    content = written(file_type, records, **more)
    assert tree(content) == tree((EXAMPLES / f"{name}.xml").read_bytes())
    checked(tmp_path, content, file_type)
    checked(tmp_path, (EXAMPLES / f"{name}.xml").read_bytes(), file_type)


def test_a_file_says_what_it_is_and_what_was_written_is_counted():
    content, said = written_with(TRANSACTIONS, iter(examples.SALES))
    assert content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<transactions xmlns="http://voyado.')
    assert content.count(b"xmlns") == 1
    assert (said.records, said.lines, said.size) == (2, 3, len(content))
    assert said.digest == hashlib.sha256(content).hexdigest()


def test_contacts_say_where_they_come_from():
    root = etree.fromstring(written(CONTACTS, examples.ONE_FIELD, source='Kassa "1" & co\x01'))
    assert root[0].get("source") == 'Kassa "1" & co'
    assert "source" not in etree.fromstring(written(CONTACTS, examples.ONE_FIELD))[0].attrib


# ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────


def fields(content: bytes) -> dict[str, str]:
    """The first record's fields; what is nested is left out."""
    root = etree.fromstring(content)
    record = next(each for each in root.iter() if etree.QName(each).localname in {"member", "transaction"})
    return {etree.QName(each).localname: each.text or "" for each in record if not len(each)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1E+3", "1000"),
        ("0.10", "0.10"),
        ("-0.0000000001", "-0.0000000001"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_amounts_keep_their_digits_and_have_no_exponent(tmp_path, given, expected):
    content = written(TRANSACTIONS, [receipt(totalGrossPrice=Decimal(given))])
    assert fields(content)["totalGrossPrice"] == expected
    checked(tmp_path, content, TRANSACTIONS)


def test_what_xml_forbids_is_taken_out_and_the_rest_stays():
    text = "a\x00b\x0b\ud800c\ufffe 😀 <&> ]]> \x85\u2028"
    content = written(CONTACTS, [ContactRecord("Member", {"externalId": "1", "firstName": text})])
    assert fields(content)["firstName"] == "abc 😀 <&> ]]> \x85\u2028"
    assert b"CDATA" not in content


def test_only_what_was_cleared_is_an_empty_element(tmp_path):
    content = written(CONTACTS, [ContactRecord("Member", {"externalId": "1", "careOf": ""})])
    assert fields(content) == {"externalId": "1", "careOf": ""}
    checked(tmp_path, content, CONTACTS)
    sale = receipt(
        receiptNumber="",
        extraData=[{"name": "a", "value": ""}, {"name": "b"}],
        usedPromotions=[{}],
        items=[line(articleGroup=" ", marginPercent="", discounts=[])],
        taxDetails=[{"description": None}],
    )
    content = written(TRANSACTIONS, [sale])
    assert not [each.tag for each in etree.fromstring(content).iter() if not len(each) and not each.text]
    checked(tmp_path, content, TRANSACTIONS)


@pytest.mark.parametrize("nothing", [" ", "\n\t", "\x01"])
def test_a_value_of_which_nothing_is_left_is_no_clearing(nothing):
    people = [ContactRecord("Member", {"externalId": "1", "firstName": nothing})]
    with pytest.raises(InvalidRecordError, match="firstName"):
        written(CONTACTS, people)


def test_a_rate_is_made_up_for_the_groups_own_currency_only():
    sale = receipt({**examples._RETURN, "exchangeRateToGroupCurrency": Decimal("0.5")})
    assert fields(written(TRANSACTIONS, [sale]))["exchangeRateToGroupCurrency"] == "0.5"
    body = {name: value for name, value in examples._RETURN.items() if name != "exchangeRateToGroupCurrency"}
    assert "exchangeRateToGroupCurrency" not in fields(written(TRANSACTIONS, [receipt(body)]))
    ours = replace(
        DEFAULT_PROFILE,
        transactions_import=replace(DEFAULT_PROFILE.transactions_import, group_currency="SEK"),
    )
    assert fields(written(TRANSACTIONS, [receipt(body)], ours))["exchangeRateToGroupCurrency"] == "1"
    other = receipt(body, currency="NOK")
    assert "exchangeRateToGroupCurrency" not in fields(written(TRANSACTIONS, [other], ours))


def test_preferences_have_their_own_elements_and_consents_none():
    people = [ContactRecord("Member", {"externalId": "1", "preferences.acceptsSms": "true"})]
    assert fields(written(CONTACTS, people)) == {"externalId": "1", "acceptsSms": "true"}
    assert carries(DEFAULT_PROFILE, "preferences.acceptsSms")
    for name in ("consents.memberConsent", "rfm", "retail.keyvalue.recency", "a b", "{x}y", "x:y", "1st", ""):
        assert not carries(DEFAULT_PROFILE, name)
        with pytest.raises(InvalidRecordError) as refused:
            written(CONTACTS, [ContactRecord("Member", {"externalId": "1", name: "true"})])
        assert name[:60] in refused.value.sentence
    with pytest.raises(InvalidRecordError, match="same element"):
        written(CONTACTS, [ContactRecord("Member", {"acceptsSms": "true", "preferences.acceptsSms": "true"})])


# ── What may not share a file ────────────────────────────────────────────────────────────────────────────────────

PHONE = {"matchKey": "+46700000113", "matchKeyType": "mobilePhone"}
UNFIT = {
    "nothing": (CONTACTS, []),
    "two types": (CONTACTS, [ContactRecord("Member", {"a": "1"}), ContactRecord("Contact", {"a": "2"})]),
    "ids and none": (CONTACTS, [*examples.ONE_FIELD, *examples.NEW_PEOPLE]),
    "two kinds of key": (
        TRANSACTIONS,
        [receipt(), receipt(uniqueReceiptId="2", contact={"matchKey": "1", "matchKeyType": "memberNumber"})],
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_records_that_may_not_share_a_file_are_refused(name):
    with pytest.raises(UnfitRecordsError):
        written(*UNFIT[name])


def test_a_file_never_grows_beyond_what_engage_takes():
    people = (ContactRecord("Member", {"externalId": str(number)}) for number in range(MOST_LINES + 1))
    with pytest.raises(UnfitRecordsError, match="20,000"):
        written(CONTACTS, people)
    first = receipt()
    most = msgspec.structs.replace(first, items=first.items[:1] * MOST_LINES)
    assert written_with(TRANSACTIONS, [most])[1].lines == MOST_LINES
    with pytest.raises(UnfitRecordsError, match="20,000"):
        written(TRANSACTIONS, [most, receipt(uniqueReceiptId="2")])
    more = msgspec.structs.replace(first, items=first.items[:1] * (MOST_LINES + 1))
    with pytest.raises(InvalidRecordError, match="20,000"):
        written(TRANSACTIONS, [more])


def test_a_silent_file_says_no_standard_field():
    for name in ("firstName", "preferences.acceptsSms"):
        with pytest.raises(UnfitRecordsError, match=name):
            written(CONTACTS, [ContactRecord("Member", {"externalId": "1", name: "x"})], is_silent=True)


TWICE = {
    "contact by id": (
        CONTACTS,
        [examples.ONE_FIELD[0], ContactRecord("Member", {"contactId": examples.MAJA.lower()})],
    ),
    "contact by number": (CONTACTS, [examples.NEW_PEOPLE[1]] * 2),
    "receipt": (TRANSACTIONS, [receipt(), receipt()]),
    "coupon": (REDEEMED, examples.USES * 2),
    "a guest": (TRANSACTIONS, [receipt(), receipt(contact=None, uniqueReceiptId="2")]),
}


@pytest.mark.parametrize("name", TWICE)
def test_a_record_that_cannot_go_is_named_by_its_place_and_can_be_left_out(name, tmp_path):
    file_type, records = TWICE[name]
    with pytest.raises(InvalidRecordError) as refused:
        written(file_type, records)
    assert refused.value.position == 1
    checked(tmp_path, written(file_type, records[:1]), file_type)


# ── One bad record among others ──────────────────────────────────────────────────────────────────────────────────


def test_bad_records_are_told_and_the_others_are_written(tmp_path):
    people = [
        ContactRecord("Member", {"externalId": "1", "a b": "x"}),
        ContactRecord("Member", {"externalId": "1"}),
        ContactRecord("Member", {"externalId": "1", "city": "X"}),
        ContactRecord("Member", {"externalId": "2"}),
    ]
    told: list[InvalidRecordError] = []
    content, said = written_with(CONTACTS, people, left_out=told.append)
    checked(tmp_path, content, CONTACTS)
    assert [each.position for each in told] == [0, 2], "the first is not in the file, so its key is free"
    assert said.records == content.count(b"<member>") == 2


@pytest.mark.parametrize("kind", ["Stam Gast", "", "1st", "a:b", "{x}y"])
def test_a_contact_type_that_is_no_name_of_an_element_is_its_records_fault(kind, tmp_path):
    with pytest.raises(InvalidRecordError, match=r"contacts_import\.records") as refused:
        written(CONTACTS, [ContactRecord(kind, {"externalId": "1"})])
    assert f"“{kind}”" in refused.value.sentence
    told: list[InvalidRecordError] = []
    with pytest.raises(NoRecordsError):
        written(CONTACTS, [ContactRecord(kind, {"externalId": each}) for each in "123"], left_out=told.append)
    assert len(told) == 3
    theirs = replace(
        DEFAULT_PROFILE, contacts_import=replace(DEFAULT_PROFILE.contacts_import, records={kind: "gast"})
    )
    checked(tmp_path, written(CONTACTS, [ContactRecord(kind, {"externalId": "1"})], theirs), CONTACTS, theirs)


@pytest.mark.parametrize("kind", ["New", "Contacts", "Member", "Kund", "Email"])
def test_a_contact_type_may_be_called_like_anything_else_in_the_file(kind, tmp_path):
    record = ContactRecord(kind, {"externalId": "1", "email": "a@example.org"})
    checked(tmp_path, written(CONTACTS, [record]), CONTACTS)


@pytest.mark.parametrize("source", [" ", "\x01", "\t\n"])
def test_a_source_of_which_nothing_is_left_is_not_said(source, tmp_path):
    content = written(CONTACTS, examples.ONE_FIELD, source=source)
    checked(tmp_path, content, CONTACTS)
    assert b"source" not in content
