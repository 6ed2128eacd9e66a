"""Checks a finished import file against its schema, in memory that does not grow with it.

Engage drops a field that it cannot read, skips a contact without key and a whole file that is no XML, and tells all
this only in a log for people [developer.voyado.com/en/contacts/contact-xml-import.html]. So it is found out here.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from engage_portal.engage.xml.content import FileType
from engage_portal.engage.xml.errors import InvalidRecordError, UnfitRecordsError
from engage_portal.engage.xml.imports.schemas import schema_of
from engage_portal.engage.xml.profile import ImportProfile, TenantProfile

_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")
_REQUIRED = re.compile(r"The attribute '([^']*)' is required")
_SHOWN = 60


def check_file(path: Path, file_type: FileType, profile: TenantProfile) -> list[InvalidRecordError]:
    """Every record that Engage would not take whole, in order, each with the first thing that is wrong with it.

    Where there is none the file may leave. Raises UnfitRecordsError where the file as such is none of this type. A
    sound file is read once after its beginning, any other one twice, however many of its records are bad.
    """
    part = profile.of(file_type)
    with path.open("rb") as stream:
        try:
            record = _record(stream, part)
            schema = schema_of(file_type, part, record)
            if _is_valid(stream, part.qualified(record), schema):
                return []
            return list(_faults(stream, part, schema))
        except etree.XMLSyntaxError:
            raise UnfitRecordsError("The file is not well-formed.") from None


def _parse(stream: BinaryIO, **options: Any) -> Any:
    stream.seek(0)
    # With a schema and unresolved entities, lxml 6.1 takes a file that was cut off for a whole one.
    return etree.iterparse(
        stream, resolve_entities="internal", no_network=True, load_dtd=False, huge_tree=False, **options
    )


def _record(stream: BinaryIO, part: ImportProfile) -> str:
    """The name of the first record: of contacts it depends on their type."""
    depth = 2 if part.section else 1
    for place, (_, element) in enumerate(_parse(stream, events=("start",))):
        if place == depth:
            return str(etree.QName(element).localname)
    raise UnfitRecordsError("The file has no records.")


def _is_valid(stream: BinaryIO, tag: str, schema: Any) -> bool:
    """In one go, inside libxml2."""
    with suppress(etree.XMLSyntaxError):  # what is invalid comes as one, too
        for _, element in _parse(stream, tag=tag, schema=schema):
            _forget(element)
        return True
    return False


def _faults(stream: BinaryIO, part: ImportProfile, schema: Any) -> Iterator[InvalidRecordError]:
    """Record by record, each as a file of its own: the validator of a stream does not say where it stands."""
    is_sound = True
    for position, record in enumerate(records_in(stream, part)):
        document, itself = alone(record)
        if schema.validate(document):
            continue
        error = schema.error_log[0]
        found = document.xpath(error.path)[0]
        if itself not in (found, *found.iterancestors()):
            raise UnfitRecordsError("The file as a whole does not fit its schema.")
        is_sound = False
        yield InvalidRecordError(position, _sentence(found, itself, error))
    if is_sound:
        raise UnfitRecordsError("The file as a whole does not fit its schema.")


def records_in(stream: BinaryIO, part: ImportProfile) -> Iterator[Any]:
    """The records of a file, in order; each is gone once the next one is asked for."""
    depth = 0
    last = 3 if part.section else 2
    for event, element in _parse(stream, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if event == "end" and depth == last - 1:
            yield element
            _forget(element)


def alone(record: Any) -> tuple[Any, Any]:
    """A document of one record with what stands around it, and the record in it."""
    around = [*record.iterancestors()]
    root = inner = etree.Element(around[-1].tag, around[-1].attrib, nsmap=around[-1].nsmap)
    for each in around[-2::-1]:
        inner = etree.SubElement(inner, each.tag, each.attrib)
    inner.append(deepcopy(record))
    inner[0].tail = None
    return root.getroottree(), inner[0]


def _forget(element: Any) -> None:
    """Free a record, and what stood before it; it is still there itself, or the parser would lose its place."""
    element.clear(keep_tail=True)
    while element.getprevious() is not None:
        del element.getparent()[0]


def _sentence(found: Any, record: Any, error: Any) -> str:
    """What is wrong, by names alone: libxml2's own message quotes the value."""
    if expected := _EXPECTED.search(error.message):
        missing = str(etree.QName(expected[1].split(", ")[-1].strip()).localname)
        above = found.getparent() if "not expected" in error.message else found
        return f"“{_place(above, record, missing)}” is missing."
    if attribute := _REQUIRED.search(error.message):
        return f"“{_place(found, record, attribute[1])}” is missing."
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        return f"“{_place(found, record)}” is not expected."
    return f"“{_place(found, record)}” has a value that Engage does not take."


def _place(element: Any, record: Any, name: str = "") -> str:
    """`items.item[1].sku`: the way from below the record on; of several each has its number, from 0."""
    parts = [name] if name else []
    while element is not None and element is not record:
        same = [each for each in element.getparent() if each.tag == element.tag]
        number = f"[{same.index(element)}]" if len(same) > 1 else ""
        parts.append(f"{etree.QName(element).localname[:_SHOWN]}{number}")
        element = element.getparent()
    return ".".join(reversed(parts)) or str(etree.QName(record).localname)
