"""Promotions exports are read whatever their tree is; what is no such export is refused in a sentence."""

import contextlib
import io
import resource
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_portal.engage.xml import (
    PromotionNames,
    PromotionRecord,
    Told,
    UnreadableExportError,
    glimpse,
    promotion_records,
    promotion_survey,
)
from engage_portal.engage.xml.tree import LONGEST_FIELD, MOST_FIELDS
from tests.engage_xml.layouts import LAYOUTS, Layout

NEW = {
    "told": "new",
    "contactId": "3f1c9a52-7d0e-4b7a-9c55-0a6b1d2e3f40",
    "contactKey": "5000113",
    "contactType": "Member",
    "couponId": "5d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e",
    "description": "Spring & summer",
    "promotionId": "0c2e4a68-1b3d-4f5a-8c7e-9a0b1c2d3e4f",
    "externalPromotionId": "",
    "validFromDate": "2026-04-01T00:00:00+02:00",
    "channels": [
        {
            "type": "POS",
            "valuetype": "MONEY",
            "value": "20.00",
            "currency": "SEK",
            "instruction": "Two lamps",
        },
        {"type": "e-com", "valuetype": "EXTERNALOFFER", "value": "LAMP15"},
    ],
}
USED = {
    "told": "redeemed",
    "contactId": "3f1c9a52-7d0e-4b7a-9c55-0a6b1d2e3f40",
    "couponId": "6d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e",
    "storeId": "9001",
    "redeemedDateTime": "2026-04-12T09:12:44.1234567+02:00",
}
GONE = {"told": "deleted", "contactId": "x", "couponId": "7d1f7a60-4b0e-4f27-9d55-8f6c1b2a3d4e"}


def read(content: bytes, names: PromotionNames | None = None) -> list[PromotionRecord]:
    """As the portal does: a whole first pass, then the second."""
    names = names or PromotionNames()
    found = promotion_survey(io.BytesIO(content), names)
    all_ = list(promotion_records(io.BytesIO(content), names))
    assert len(all_) == found.total
    return all_


def said(assignment) -> PromotionRecord:
    """What the reader has to make of it."""
    fields = {name: text for name, text in assignment.items() if name not in {"told", "channels"}}
    ways = assignment.get("channels")
    channels = ways and tuple(
        {{"valuetype": "valueType"}.get(name, name): text for name, text in way.items()} for way in ways
    )
    return PromotionRecord(Told(assignment["told"]), fields, channels)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_says_the_same(layout):
    told = [NEW, USED] if layout == "no section names" else [NEW, USED, GONE]
    assert read(LAYOUTS[layout].write(told).encode()) == [said(each) for each in told]


@pytest.mark.parametrize(
    ("root", "told"),
    [("redeemed", Told.REDEEMED), ("Used", Told.REDEEMED), ("assigned", Told.NEW), ("x", Told.NEW)],
)
def test_the_root_may_be_the_section_and_a_record_alone(root, told):
    content = f"<{root}><promotion><couponId>A</couponId></promotion></{root}>".encode()
    assert read(content) == [PromotionRecord(told, {"couponId": "A"}, None)]
    assert read(f"<{root}><couponId>A</couponId></{root}>".encode()) == [
        PromotionRecord(told, {"couponId": "A"}, None)
    ]


def test_the_nearest_section_counts():
    content = b"<new><deleted><promotion><couponId>A</couponId></promotion></deleted></new>"
    assert [record.told for record in read(content)] == [Told.DELETED]


def test_a_currency_may_stand_beside_the_channels():
    for content in (
        b"<p><couponId>A</couponId><redemptionChannels><currency>SEK</currency><c><type>POS</type></c></redemptionChannels></p>",
        b"<p><couponId>A</couponId><redemptionChannels><x><c><type>POS</type><currency>SEK</currency></c></x></redemptionChannels></p>",
    ):
        assert read(content)[0].channels == ({"currency": "SEK", "type": "POS"},)
    (record,) = read(b"<p><couponId>A</couponId><currency>SEK</currency><redemptionChannels/></p>")
    assert (record.fields["currency"], record.channels) == ("SEK", ())


def test_names_of_a_tenants_own():
    names = PromotionNames(sections={"nya": Told.NEW}, fields={"kupong": "couponId", "kontakt": "contactId"})
    content = b"<x><Nya><rad><Kupong>A</Kupong><kontakt>B</kontakt><y>1</y></rad></Nya></x>"
    assert read(content, names) == [PromotionRecord(Told.NEW, {"couponId": "A", "contactId": "B"}, None)]


def test_what_has_no_coupon_is_left_out_and_counted():
    stray = "<promotion><contactId>B</contactId></promotion>"
    whole = "<promotion><couponId>A</couponId></promotion>"
    for inner in (f"{stray}{whole}{stray}", f"{whole}{stray}{stray}", f"{stray}{stray}{whole}"):
        content = f"<promotions><new>{inner}</new></promotions>".encode()
        assert promotion_survey(io.BytesIO(content)).unknown == 2
        assert len(read(content)) == 1


def test_the_second_pass_begins_where_it_is_told():
    content = many(600)
    assert list(promotion_records(io.BytesIO(content), skip=501)) == read(content)[501:]


def many(count: int, layout: Layout | None = None) -> bytes:
    return (layout or Layout()).write({**NEW, "couponId": f"{number}"} for number in range(count)).encode()


def test_one_section_around_many_and_one_around_each_are_the_same():
    one = many(500).replace(b"</new><new>", b"")
    assert read(one) == read(many(500)) == read(many(500, Layout(record="")))
    assert len(read(one)) == 500


EMPTY = [b"<promotions/>", b"<promotions><new/><redeemed>\n</redeemed></promotions>"]


@pytest.mark.parametrize("content", EMPTY)
def test_an_empty_export_is_one(content):
    assert read(content) == []


START = b"<promotions><new><promotion>"
NASTY = {
    "a local file": b"<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><p><n><couponId>&x;</couponId></n></p>",
    "a doctype alone": b"<!DOCTYPE promotions><promotions/>",
    "an endless doctype": b"<!DOCTYPE p [" + b"<!ENTITY a 'aaaaaaaaaaaaaaaaaaaaaaa'>" * 200_000 + b"]><p/>",
    "an unknown entity": START + b"<couponId>&x;</couponId></promotion></new></promotions>",
    "depth": START + b"<a>" * 100_000,
    "depth that closes": START + b"<a><b><c><d><e><f/></e></d></c></b></a></promotion></new></promotions>",
    "a long field": START
    + b"<couponId>"
    + b"x" * (LONGEST_FIELD + 1)
    + b"</couponId></promotion></new></promotions>",
    "an endless field": START + b"<couponId>" + b"x" * 30_000_000,
    "many fields": START + b"<couponId/>" * (MOST_FIELDS + 1) + b"</promotion></new></promotions>",
    "endless fields": START + b"<a/>" * 5_000_000,
    "endless channels": START + b"<couponId/><redemptionChannels>" + b"<c><type/></c>" * 1_000_000,
    "endless records without an id": b"<promotions>" + b"<p><a>1</a></p>" * 1_000_000 + b"</promotions>",
    "an endless attribute": b"<promotions><new a='" + b"x" * 30_000_000,
    "endless blanks": b" " * 30_000_000,
    "nothing": b"",
    "something else": b"<contacts><new><member><contactId>1</contactId></member></new></contacts>",
    "something after the end": b"<promotions/><promotions/>",
    "a zip": b"PK\x03\x04\x14\x00\x00\x00",
}


@pytest.mark.parametrize("name", NASTY)
def test_what_is_no_export_is_refused_without_quoting_it(name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableExportError) as refused:
        promotion_survey(io.BytesIO(NASTY[name]))
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert len(sentence) < 200
    assert "root:" not in sentence
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.parametrize(
    "layout", ["promotion in a section", "the section is the record", "no section names"]
)
def test_a_file_that_was_cut_off_anywhere_is_refused(layout):
    whole = LAYOUTS[layout].write([NEW, USED]).encode()
    for length in range(len(whole)):
        with pytest.raises(UnreadableExportError):
            promotion_survey(io.BytesIO(whole[:length]))
    assert promotion_survey(io.BytesIO(whole)).total == 2


WHOLE = Layout().write([NEW, USED, GONE]).encode()


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=0, max_size=6), st.integers(0, 6))
def test_a_file_with_other_bytes_anywhere_is_read_or_refused(place, bytes_, cut):
    content = WHOLE[:place] + bytes_ + WHOLE[place + cut :]
    glimpse(content)
    with contextlib.suppress(UnreadableExportError):
        read(content)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), max_size=20).filter(
    lambda text: not set(text) & {"\ufffe", "\uffff"}
)
WAY = st.fixed_dictionaries(
    {"type": TEXT}, optional={"valuetype": TEXT, "value": TEXT, "instruction": TEXT, "currency": TEXT}
).map(lambda way: {"type": way["type"], **way})  # documented first: in a row it begins a channel
ASSIGNMENT = st.fixed_dictionaries(
    {"told": st.sampled_from(["new", "redeemed", "deleted"]), "couponId": TEXT},
    optional={"contactId": TEXT, "description": TEXT, "channels": st.lists(WAY, min_size=1, max_size=3)},
)
RANDOM = st.builds(
    Layout,
    record=st.sampled_from(["promotion", "", "row"]),
    root=st.sampled_from(["promotions", "export"]),
    wraps_channels=st.booleans(),
    spell=st.sampled_from([str, str.upper, str.lower, str.title]),
    names=st.sampled_from([{}, {"new": "assigned", "redeemed": "used"}]),
    namespace=st.sampled_from(["", "urn:x"]),
    around=st.sampled_from(["", "rows"]),
    couponless_first=st.booleans(),
    gap=st.sampled_from(["", "\n", "<!-- a -->"]),
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(ASSIGNMENT, min_size=1, max_size=5), RANDOM)
def test_any_layout_of_the_same_assignments_gives_the_same(assignments, layout):
    assert read(layout.write(assignments).encode()) == [said(each) for each in assignments]


class Long(io.RawIOBase):
    """An export that is nowhere as a whole."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        found, self._left = self._left[:size], self._left[size:]
        return found


@pytest.mark.parametrize("layout", ["promotion in a section", "the section is the record"])
def test_memory_does_not_grow_with_the_file(layout):
    process, most = psutil.Process(), 0

    def seen(_number: int) -> None:
        nonlocal most
        most = max(most, process.memory_info().rss)

    head, tail = LAYOUTS[layout].write([]).split("><")
    some = LAYOUTS[layout].write([NEW]).removeprefix(f"{head}>").removesuffix(f"<{tail}")
    content = (f"{head}>".encode(), *(some.encode() for _ in range(8_000)), f"<{tail}".encode())
    before = process.memory_info().rss
    assert promotion_survey(Long(iter(content)), seen=seen).total == 8_000
    assert most - before < 4 * 2**20 < 8_000 * len(some)


def test_how_a_file_begins_tells_what_it_is():
    assert glimpse(WHOLE[:700]) == ("promotions", True)
    assert glimpse(Layout(root="export", sections=False).write([NEW]).encode()) == ("export", True)
    assert glimpse(b"<promotions><new>") == ("promotions", False)
    assert glimpse(b"<c:contacts xmlns:c='urn:x'><new>") == ("contacts", False)
    for odd in (b"", b"no xml", b"<!DOCTYPE promotions><promotions/>"):
        assert glimpse(odd) == ("", False)
