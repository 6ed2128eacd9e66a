"""Exports are read whatever they are written like; what is no export is refused in a sentence."""

import contextlib
import io
import resource
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_portal.engage.xml import DEFAULT_NAMES, Record, Section, UnreadableExportError, records, survey
from engage_portal.engage.xml.exports import LONGEST_FIELD, MOST_FIELDS
from engage_portal.sandbox import exports
from engage_portal.sandbox.exports import person

ONE = "<member source='POS'><contactId>A1</contactId><firstName>{}</firstName></member>"


def document(content: str, *, ns: str = "", head: str = "") -> str:
    return f"{head}<contacts{ns}>{content}</contacts>"


def read(content: bytes) -> list[Record]:
    """As the portal does: a whole first pass, then the second."""
    found = survey(io.BytesIO(content), DEFAULT_NAMES)
    all_ = list(records(io.BytesIO(content), DEFAULT_NAMES))
    assert len(all_) == found.total
    return all_


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableExportError) as refused:
        read(content)
    return str(refused.value)


SPELLINGS = {
    "plain": document(f"<new>{ONE}</new>").encode(),
    "namespace": document(f"<new>{ONE}</new>", ns=f" xmlns='{exports.NAMESPACE}'").encode(),
    "prefix": f"<a:contacts xmlns:a='urn:x'><a:new>{ONE.replace('<', '<a:').replace('<a:/', '</a:')}</a:new></a:contacts>".encode(),
    "mark": b"\xef\xbb\xbf"
    + document(f"<new>{ONE}</new>", head="<?xml version='1.0' encoding='utf-8'?>").encode(),
    "utf-16": document(f"<new>{ONE}</new>", head="<?xml version='1.0' encoding='utf-16'?>").encode("utf-16"),
    "latin-1": document(f"<new>{ONE}</new>", head="<?xml version='1.0' encoding='iso-8859-1'?>").encode(
        "latin-1"
    ),
    "crlf": document(f"\r\n<new>\r\n{ONE}\r\n</new>\r\n").encode(),
}


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("text", ["Åsa", "<![CDATA[Åsa]]>", "\n  Å<!-- a -->s<?x y?>a ", "&#197;s&#x61;"])
def test_every_way_to_write_it_says_the_same(name, text):
    encoding = {"utf-16": "utf-16-le", "latin-1": "latin-1"}.get(name, "utf-8")
    content = SPELLINGS[name].replace("{}".encode(encoding), text.encode(encoding))
    assert read(content) == [Record(Section.NEW, "POS", {"contactId": "A1", "firstName": "Åsa"})]


def test_absent_and_empty_are_not_the_same():
    content = document("<new><member><a/><b></b><c> \n</c><d>0</d></member></new>").encode()
    assert read(content)[0].fields == {"a": "", "b": "", "c": "", "d": "0"}


def test_sections_come_in_any_order_and_number_and_may_be_empty():
    content = document(
        f"<deleted/><updated>{ONE}</updated><new/><new>{ONE}</new><updated/><deleted>{ONE}</deleted>"
    )
    assert [record.section for record in read(content.encode())] == ["updated", "new", "deleted"]
    assert read(b"<contacts/>") == []


def test_what_is_unknown_is_left_out_and_told():
    content = document(f"<merged>{ONE}{ONE}</merged><new><contact><x/></contact>{ONE}</new>").encode()
    found = survey(io.BytesIO(content), DEFAULT_NAMES)
    assert (found.total, found.unknown_sections, found.unknown_records) == (1, {"merged": 2}, {"contact": 1})
    assert len(read(content)) == 1


def test_a_field_with_elements_of_its_own_is_no_text():
    content = document("<new><member><a>1</a><b>\n<c>2</c></b></member></new>").encode()
    assert read(content)[0].fields == {"a": "1"}


def test_the_second_pass_begins_where_it_is_told():
    out = io.StringIO()
    exports.write(out, new=exports.people(3000), deleted=[{"contactId": "x"}])
    content = out.getvalue().encode()
    assert list(records(io.BytesIO(content), DEFAULT_NAMES, skip=2500)) == read(content)[2500:]


LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
NASTY = {
    "a local file": b"<!DOCTYPE contacts [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><contacts><new><member><a>&x;</a></member></new></contacts>",
    "laughs": f"<!DOCTYPE contacts [<!ENTITY l0 'x'>{LAUGHS}]><contacts a='&l11;'>&l11;</contacts>".encode(),
    "a doctype alone": b"<!DOCTYPE contacts><contacts/>",
    "a doctype from afar": b"<!DOCTYPE contacts SYSTEM 'http://127.0.0.1:1/x.dtd'><contacts/>",
    "an endless doctype": b"<!DOCTYPE contacts ["
    + b"<!ENTITY a 'aaaaaaaaaaaaaaaaaaaaaaaaaaa'>" * 200_000
    + b"]><contacts/>",
    "an unknown entity": b"<contacts><new><member><a>&x;</a></member></new></contacts>",
    "depth": b"<contacts><new><member>" + b"<a>" * 100_000,
    "depth that closes": b"<contacts><new><member><a><b><c><d/></c></b></a></member></new></contacts>",
    "a long field": b"<contacts><new><member><a>"
    + b"x" * (LONGEST_FIELD + 1)
    + b"</a></member></new></contacts>",
    "an endless field": b"<contacts><new><member><a>" + b"x" * 30_000_000,
    "many fields": b"<contacts><new><member>" + b"<a/>" * (MOST_FIELDS + 1) + b"</member></new></contacts>",
    "endless fields": b"<contacts><new><member>" + b"<a/>" * 5_000_000,
    "an endless attribute": b"<contacts><new a='" + b"x" * 30_000_000,
    "an endless comment": b"<contacts><new><!--" + b"x" * 30_000_000,
    "endless blanks": b" " * 30_000_000,
    "a forbidden character": b"<contacts><new><member><a>\x01</a></member></new></contacts>",
    "another encoding than it says": document(
        ONE.format("Åsa"), head="<?xml version='1.0' encoding='utf-8'?>"
    ).encode("latin-1"),
    "an unknown encoding": b"<?xml version='1.0' encoding='x-none'?><contacts/>",
    "nothing": b"",
    "another root": b"<people><contacts/></people>",
    "a prefix of nothing": b"<a:contacts/>",
    "something after the end": b"<contacts/><contacts/>",
    "a zip": b"PK\x03\x04\x14\x00\x00\x00",
    "endless sections": b"<contacts>"
    + b"".join(b"<s%d><m/></s%d>" % (n, n) for n in range(20_000))
    + b"</contacts>",
}


@pytest.mark.parametrize("name", NASTY)
def test_what_is_no_export_is_refused_quickly_and_without_quoting_it(name):
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    sentence = refusal(NASTY[name])
    assert sentence.endswith(".")
    assert len(sentence) < 200
    assert "Åsa" not in sentence
    assert "root:" not in sentence
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


OUT = io.StringIO()
exports.write(OUT, new=[person(1), person(2)], updated=[person(3)], deleted=[{"contactId": "x"}])
WHOLE = OUT.getvalue().encode()


def test_a_file_that_was_cut_off_anywhere_is_refused():
    end = len(WHOLE.rstrip())
    for length in range(end):
        with pytest.raises(UnreadableExportError):
            survey(io.BytesIO(WHOLE[:length]), DEFAULT_NAMES)
    assert survey(io.BytesIO(WHOLE[:end]), DEFAULT_NAMES).total == 4


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=0, max_size=6), st.integers(0, 6))
def test_a_file_with_other_bytes_anywhere_is_read_or_refused(place, bytes_, cut):
    content = WHOLE[:place] + bytes_ + WHOLE[place + cut :]
    with contextlib.suppress(UnreadableExportError):
        read(content)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_a_sentence(content):
    with pytest.raises(UnreadableExportError):
        survey(io.BytesIO(content), DEFAULT_NAMES)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20).filter(
    lambda text: not set(text) & {"\ufffe", "\uffff"}
)
PEOPLE = st.lists(
    st.dictionaries(st.sampled_from(["contactId", "firstName", "e.mail", "x-y", "Ö"]), TEXT, min_size=1),
    max_size=5,
)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(PEOPLE, PEOPLE, PEOPLE)
def test_what_is_written_is_what_is_read(new, updated, deleted):
    out = io.StringIO()
    exports.write(out, new=new, updated=updated, deleted=deleted, source='a "b" & c')
    found = [(record.section, record.source, record.fields) for record in read(out.getvalue().encode())]
    given_ = [("new", new), ("updated", updated), ("deleted", deleted)]
    stripped = [
        (section, 'a "b" & c', {name: text.strip() for name, text in each.items()})
        for section, people in given_
        for each in people
    ]
    assert found == stripped


def test_memory_does_not_grow_with_the_file():
    def peak(count: int) -> int:
        out = io.StringIO()
        exports.write(out, new=exports.people(count))
        content = out.getvalue().encode()
        tracemalloc.start()
        survey(io.BytesIO(content), DEFAULT_NAMES)
        for _ in records(io.BytesIO(content), DEFAULT_NAMES):
            pass
        found = tracemalloc.get_traced_memory()[1] - len(content)
        tracemalloc.stop()
        return found

    assert peak(10_000) < peak(1_000) + 500_000
