"""Reads contacts exports as a stream, in memory that does not grow with the file.

Tree: `contacts` > `new`, `updated`, `deleted` > `member` (attribute `source`) > one element for each field
[developer.voyado.com/docs/file-based-transfer/contact-xml-export]. Any namespace, or none, is taken.

After each piece the records that are complete are taken out of the tree (`tree.py`), so no event has to be raised for
each element.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from lxml import etree

from engage_portal.engage.xml.errors import UnreadableExportError
from engage_portal.engage.xml.names import ExportNames, Section
from engage_portal.engage.xml.tree import LONGEST_FIELD, MOST_FIELDS, Tree, local, walked

# Looked for by libxml2 itself: a look at each element from Python would double the time of the first pass.
_too_deep = etree.XPath("boolean(*/*/*/*/*)")
_too_many = etree.XPath("boolean(*[count(*) > $most])")
_too_long = etree.XPath("boolean(*/*[string-length() > $most])")


class Record(NamedTuple):
    """One contact of an export."""

    section: Section
    source: str
    fields: dict[str, str]
    """By Engage's names, without surrounding white space; an empty element is an empty text."""


@dataclass(slots=True)
class Survey:
    """What a first pass over a whole file found."""

    total: int = 0
    """Records that `records` will give."""
    digest: str = ""
    """SHA-256 of the bytes that were looked at."""
    unknown_sections: dict[str, int] = field(default_factory=dict)
    """Name → elements in it, all of which are left out."""
    unknown_records: dict[str, int] = field(default_factory=dict)
    """Name of what stands in a known section and is no record → how many."""


def survey(stream: BinaryIO, names: ExportNames, *, seen: Callable[[int], None] | None = None) -> Survey:
    """Check a whole file and count its records. Raises UnreadableExportError; then nothing of it may be used.

    `seen` is told the number of records again and again, for whoever has to show that this is alive.
    """
    found, hashed = Survey(), hashlib.sha256()
    for section, elements in _parts(stream, names, hashed.update, is_checked=True):
        _count(found, local(section.tag), elements, names)
        if len(found.unknown_sections) + len(found.unknown_records) > MOST_FIELDS:
            raise UnreadableExportError("It has too many elements of unknown names.")
        if seen:
            seen(found.total)
    found.digest = hashed.hexdigest()
    return found


def _count(found: Survey, section: str, elements: list[Any], names: ExportNames) -> None:
    if section not in names.sections:
        found.unknown_sections[section] = found.unknown_sections.get(section, 0) + len(elements)
        return
    for tag, number in Counter([element.tag for element in elements]).items():
        if (name := local(tag)) in names.records:
            found.total += number
        else:
            found.unknown_records[name] = found.unknown_records.get(name, 0) + number


def records(stream: BinaryIO, names: ExportNames, *, skip: int = 0) -> Iterator[Record]:
    """The records of a file that `survey` found sound, in document order, without the first `skip`."""
    known = _Names(names.fields)
    for section, elements in _parts(stream, names):
        kind = names.sections.get(local(section.tag))
        if kind is None:
            continue
        for element in elements:
            if local(element.tag) not in names.records:
                continue
            if skip:
                skip -= 1
                continue
            yield Record(kind, element.get("source") or "", _fields(element, known))


def _fields(record: Any, known: "_Names") -> dict[str, str]:
    """A record's fields. One with elements of its own is no text and is left out; of two the last one counts."""
    fields = {}
    for element in record:
        text = element.text
        text = text.strip() if text else ""
        if text or not len(element):
            fields[known[element.tag]] = text
    return fields


class _Names(dict[str, str]):
    """Name in the file, with its namespace → Engage's name."""

    def __init__(self, renamed: Any) -> None:
        super().__init__()
        self._renamed = renamed

    def __missing__(self, tag: str) -> str:
        theirs = local(tag)
        name: str = self._renamed.get(theirs, theirs)
        if len(self) < MOST_FIELDS:
            self[tag] = name
        return name


def _parts(
    stream: BinaryIO,
    names: ExportNames,
    fed: Callable[[bytes], None] | None = None,
    *,
    is_checked: bool = False,
) -> Iterator[tuple[Any, list[Any]]]:
    """A section with those of its elements that are complete, again and again. They are gone after each step.

    Raises UnreadableExportError.
    """
    return walked(stream, Tree(names.root), lambda tree: _taken(tree, is_checked=is_checked), fed)


def _taken(tree: Tree, *, is_checked: bool) -> Iterator[tuple[Any, list[Any]]]:
    """What is complete, section by section. The last element of the last section may still be growing."""
    if tree.root is None:
        return
    sections = list(tree.root)
    for section in sections:
        if is_checked:
            _check(section, is_long=tree.is_long)
        is_open = section is sections[-1] and not tree.is_over
        elements = section[:-1] if is_open else section[:]
        if elements:
            tree.moved()
            yield section, elements
        if not is_open:
            tree.root.remove(section)
        elif elements:
            del section[:-1]
    tree.must_not_grow()


def _check(section: Any, *, is_long: bool) -> None:
    """Refuse what no contact can be; also in a record that is not complete."""
    if _too_many(section, most=MOST_FIELDS):
        raise UnreadableExportError(f"A record of it has more than {MOST_FIELDS:,} fields.")
    if is_long and _too_long(section, most=LONGEST_FIELD):
        raise UnreadableExportError(f"A field of it has more than {LONGEST_FIELD:,} characters.")
    if _too_deep(section):
        raise UnreadableExportError("Its elements are nested deeper than those of a contact.")
