"""The short cut for phone numbers says what the library says."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.keys import normalised
from contacts.phones import is_plain_e164

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def slowly(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "SE")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@settings(max_examples=3000, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(CODES), st.text("0123456789", min_size=3, max_size=14))
def test_what_it_lets_pass_the_library_does_not_change(code, national):
    text = f"+{code}{national}"
    if is_plain_e164(text):
        assert slowly(text) == text


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_examples_of_every_country_stay_as_the_library_has_them(region):
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if number is not None:
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert normalised("mobile_phone", text) == text == slowly(text)


@pytest.mark.parametrize("text", ["+46735654321", "+358401234567", "+4712345678", "+4512345678"])
def test_numbers_of_the_north_take_the_short_cut(text):
    assert is_plain_e164(text)


@pytest.mark.parametrize(
    "text", ["0735654321", "+460735654321", "+46 73 565 43 21", "+4673", "", "+", "+999123456"]
)
def test_everything_else_is_left_to_the_library(text):
    assert not is_plain_e164(text)
