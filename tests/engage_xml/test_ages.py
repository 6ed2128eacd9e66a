"""Who is under the tenant's minimum age is found before the file leaves, for Engage would leave them out silently."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_portal.engage.xml import DEFAULT_PROFILE, ContactRecord, InvalidRecordError
from engage_portal.engage.xml.imports.ages import age
from engage_portal.sandbox.files import ages as engages
from tests.engage_xml.examples import CONTACTS, written

TODAY = date(2026, 11, 21)
FROM_16 = replace(DEFAULT_PROFILE, contacts_import=replace(DEFAULT_PROFILE.contacts_import, minimum_age=16))


def person(**fields: str) -> list[ContactRecord]:
    return [ContactRecord("Member", {"externalId": "1", **fields})]


@pytest.mark.parametrize(
    "fields",
    [
        {"age": "15"},
        {"age": "15", "birthDay": "1960-01-01"},
        {"birthDay": "2010-11-22"},
        {"birthDay": "2019-03-01T00:00:00+01:00"},
        {"socialSecurityNumber": "201903011234"},
        {"socialSecurityNumber": "1903011234"},
        {"socialSecurityNumber": "190361-1234"},
        {"socialSecurityNumber": "010319A123K"},
        {"socialSecurityNumber": "880229-1234", "birthDay": "2019-03-01"},
        {"socialSecurityNumber": "190301-1234", "countryCode": "se"},
        {"socialSecurityNumber": "20190301-1234", "birthDay": "1985-01-15"},
        {"socialSecurityNumber": "20190301-1234", "countryCode": "DK"},
        {"socialSecurityNumber": "190301-1234", "birthDay": "no day"},
    ],
)
def test_a_child_is_named_and_left_out(fields):
    with pytest.raises(InvalidRecordError, match="under 16") as refused:
        written(CONTACTS, person(**fields), FROM_16, today=TODAY)
    assert not set(fields.values()) & set(refused.value.sentence.split())
    assert written(CONTACTS, person(**fields), today=TODAY), "the tenant has no such rule"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"age": "16"},
        {"age": "16", "birthDay": "2019-03-01"},
        {"birthDay": "2010-11-21"},
        {"birthDay": "no day"},
        {"socialSecurityNumber": "8802291234"},
        {"socialSecurityNumber": "190301+1234"},
        {"socialSecurityNumber": "290288-123K"},
        {"socialSecurityNumber": "999999-9999"},
        {"socialSecurityNumber": "1501851234", "countryCode": "DK"},
        {"socialSecurityNumber": "150185-1234", "countryCode": "DK"},
        {"socialSecurityNumber": "150185-1234", "birthDay": "1985-01-15"},
        {"socialSecurityNumber": "1501851234", "birthDay": "1985-01-15", "countryCode": "DK"},
        {"socialSecurityNumber": "010319-1234", "countryCode": "FI"},
    ],
)
def test_whoever_is_old_enough_or_does_not_say_goes(fields):
    assert written(CONTACTS, person(**fields), FROM_16, today=TODAY)


DIGITS = st.text("0123456789-+A", min_size=10, max_size=13)
DAYS = st.dates(date(1920, 1, 1), TODAY)
NUMBERS = DIGITS | DAYS.map("{:%Y%m%d-1234}".format) | DAYS.map("{:%y%m%d1234}".format)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "age": st.integers(0, 120).map(str),
            "socialSecurityNumber": NUMBERS,
            "birthDay": DAYS.map(str) | DIGITS,
        },
    )
)
def test_nobody_is_older_here_than_in_engage(fields):
    theirs = engages.age(fields, TODAY)
    number = fields.get("socialSecurityNumber", "")
    is_short = (
        len(number.replace("-", "")) < 12 and "birthDay" in fields
    )  # may be Danish: the birthday counts
    if theirs is not None and "+" not in number and not is_short:
        ours = age(fields, TODAY)
        assert ours is not None
        assert ours <= theirs
