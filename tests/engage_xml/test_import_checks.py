"""The check before a file leaves names the record and the field, and never what stands in it."""

import pytest

from engage_portal.engage.xml import ContactRecord, InvalidRecordError, UnfitRecordsError
from tests.engage_xml import examples
from tests.engage_xml.examples import CONTACTS, REDEEMED, TRANSACTIONS, checked, line, receipt, written


def person(**changes: str) -> ContactRecord:
    return ContactRecord("Member", {"externalId": "7", **changes})


BAD_VALUES = {
    "a phone without country code": (CONTACTS, person(mobilePhone="070-12 34 56"), "“mobilePhone” has a value"),
    "no address": (CONTACTS, person(email="maja"), "“email” has a value"),
    "another sex": (CONTACTS, person(gender="female"), "“gender” has a value"),
    "an odd day": (CONTACTS, person(birthDay="29/02/1988"), "“birthDay” has a value"),
    "a cleared key": (CONTACTS, ContactRecord("Member", {"externalId": "", "city": "X"}), "“externalId” has"),
    "a line without article": (
        TRANSACTIONS,
        receipt(uniqueReceiptId="2", items=[line(), line(sku="")]),
        "“items.item[1].sku” is missing.",
    ),
    "a nameless payment": (
        TRANSACTIONS,
        receipt(uniqueReceiptId="2", paymentMethods=[{"type": "", "value": 298}]),
        "“paymentMethods.paymentMethod.type” is missing.",
    ),
    "no name of an article at the end": (
        TRANSACTIONS,
        receipt(uniqueReceiptId="2", items=[line(articleName="", discounts=[])]),
        "“items.item.articleName” is missing.",
    ),
    "extra data without a name": (
        TRANSACTIONS,
        receipt(uniqueReceiptId="2", extraData=[{"value": "x"}]),
        "“extraData.item.name” is missing.",
    ),
    "a margin in words": (
        TRANSACTIONS,
        receipt(uniqueReceiptId="2", items=[line(marginPercent="secret")]),
        "“items.item.marginPercent” has a value",
    ),
    "another channel": (REDEEMED, examples.USES[0]._replace(coupon_id=examples.MAJA, redemption_channel="TILL"), "“redemptionChannel”"),
}  # fmt: skip
GOOD = {
    CONTACTS: examples.NEW_PEOPLE,
    TRANSACTIONS: [receipt(uniqueReceiptId="1"), receipt(uniqueReceiptId="3")],
    REDEEMED: examples.USES,
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_the_check_names_the_first_record_that_engage_would_not_take_whole(name, tmp_path):
    file_type, bad, sentence = BAD_VALUES[name]
    good = GOOD[file_type]
    with pytest.raises(InvalidRecordError) as refused:
        checked(tmp_path, written(file_type, [*good, bad]), file_type)
    assert refused.value.position == len(good)
    assert refused.value.sentence.startswith(sentence)
    assert not {"070", "maja", "female", "1988", "secret", "TILL"} & set(refused.value.sentence.split())
    checked(tmp_path, written(file_type, good), file_type)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<contacts/>",
        b"<contacts xmlns='http://eClub.Schemas.ImportContact'><new/></contacts>",
        b"<contacts xmlns='urn:other'><new><member><a>1</a></member></new></contacts>",
        b"<contacts xmlns='http://eClub.Schemas.ImportContact'><new><member><a>1</a></member></new>",
    ],
)
def test_what_is_no_such_file_is_refused_as_a_whole(content, tmp_path):
    with pytest.raises(UnfitRecordsError):
        checked(tmp_path, content, CONTACTS)
