"""Personal data in texts that are kept or logged."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_portal.core.masking import masked

_LOCAL = st.text(string.ascii_letters + string.digits + ".+-_åäö", min_size=1, max_size=20)
_EMAILS = st.builds(
    lambda local, host, end: f"{local}@{host}.{end}", _LOCAL, _LOCAL, st.sampled_from(["se", "com"])
)
_NUMBERS = st.text(string.digits, min_size=8, max_size=15)
_AROUND = st.sampled_from(
    ["", " ", "'", '"', "(", ")", ",", ";", ": ", "=", "<", ">", "/", "?x=", "&", "\n", "är "]
)


@given(_EMAILS, _AROUND, _AROUND)
def test_no_e_mail_address_survives(address, before, after):
    shown = masked(f"{before}{address}{after}")
    assert address not in shown
    assert "@" not in shown


@given(_EMAILS)
def test_nor_one_that_is_percent_encoded(address):
    shown = masked(f"GET /api/v3/contacts/id?email={address.replace('@', '%40')}&x=1")
    assert "%40" not in shown
    assert address.rpartition("@")[2] not in shown


@pytest.mark.parametrize("space", ["", " ", "-"])
@given(number=_NUMBERS)
def test_no_phone_number_survives(space, number):
    if re.match(r"\d{4}-\d{2}-\d{2}$", number):
        return
    written = "+" + number[:2] + space + number[2:5] + space + number[5:]
    shown = masked(f"call {written} now")
    assert re.sub(r"\D", "", shown) == ""


@pytest.mark.parametrize(
    "text",
    [
        "19860412-2387",
        "860412-2387",
        "198604122387",
        "8604122387",
        "+46735654321",
        "%2B46735654321",
        "070-565 43 21",
        "(070) 565 43 21",
        "0735654321",
        "28972987289",
    ],
)
@pytest.mark.parametrize("around", ["{}", "number {} is taken", "'{}'", "key={}", "key: {},", "{}."])
def test_numbers_of_people_are_masked_wherever_they_stand(text, around):
    assert not re.search(r"\d{4}", masked(around.format(text)))


@pytest.mark.parametrize(
    "text",
    [
        "430d3329-7eef-45c0-87f9-ae9300a0dace",
        "contact 430D3329-7EEF-45C0-87F9-AE9300A0DACE not found",
        "2026-11-21",
        "on 2026-11-21 at 10:14:00",
        "POST /api/v3/contacts 422 ValidationError",
        "item 4711 took 120 ms",
        "items[0].articleNumber: article REFUSE is blocked in this Engage",
        "zipCode: 111 22 is no such place",
    ],
)
def test_what_staff_need_is_kept(text):
    assert masked(text) == text


@given(st.uuids())
def test_every_guid_is_kept(guid):
    text = f"contact {guid} was not found"
    assert masked(text) == text


@given(st.text())
def test_masking_twice_changes_nothing_more(text):
    assert masked(masked(text)) == masked(text)


@given(st.text(max_size=2000), st.integers(1, 400))
def test_the_result_is_never_longer_than_asked_for(text, keep):
    assert len(masked(text, keep=keep)) <= keep


@given(_EMAILS, st.integers(250, 310))
def test_cutting_comes_after_masking(address, position):
    """Half an address at the cut would be an address that no pattern knows any more."""
    shown = masked("x " * (position // 2) + address)
    assert address[:6] not in shown or len(address) < 6 or address[:6] in "x " * 200


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["1 ", "a", "a@", "@", "+", "1-", "(", "%40", "1a"])
def test_a_long_text_takes_no_time(text):
    assert len(masked(text * (4_000 // len(text)))) <= 300
