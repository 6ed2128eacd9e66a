from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_portal.core.ids import parse_guid


@given(st.uuids())
def test_every_guid_is_read_in_either_case(guid):
    assert parse_guid(str(guid)) == parse_guid(str(guid).upper()) == guid


@given(st.text())
def test_any_other_text_is_none_of_them_and_nothing_raises(text):
    found = parse_guid(text)
    assert found is None or str(found) == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "430d3329",
        "{430d3329-7eef-45c0-87f9-ae9300a0dace}",
        "urn:uuid:430d3329-7eef-45c0-87f9-ae9300a0dace",
        "430d33297eef45c087f9ae9300a0dace",
        "430d3329-7eef-45c0-87f9-ae9300a0dacg",
    ],
)
def test_what_only_resembles_one_is_refused(text):
    assert parse_guid(text) is None


def test_the_answer_is_a_uuid():
    assert isinstance(parse_guid(str(uuid4())), UUID)
