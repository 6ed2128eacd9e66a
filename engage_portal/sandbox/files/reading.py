"""Reads import files record by record, and tells the major errors that cost a whole file (files.md §3.4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

MOST = 20_000
"""Contacts or transaction lines in one file; more is slow and may time out [A4, A10]."""

_HEAD = 1024
_ENCODING = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']+)")
_WIDE = (b"\xff\xfe", b"\xfe\xff")


class MajorError(Exception):
    """Why a whole file is skipped, without a word of its content."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a kind of file looks like: its root, and how many elements stand above a record."""

    namespace: str
    root: str
    above: int

    def name(self, element: Element) -> str:
        """An element's name without the file's own namespace; another one stays and makes the name unknown."""
        return element.tag.removeprefix(f"{{{self.namespace}}}") if self.namespace else element.tag

    def text(self, element: Element) -> str:
        """An element's text, without the white space around it."""
        return (element.text or "").strip()


class Found(NamedTuple):
    """A record, its place in the file from 1 on, and the elements above it, the root first."""

    number: int
    above: tuple[Element, ...]
    element: Element


def records(path: Path, layout: Layout) -> Iterator[Found]:
    """Every record, one at a time. Raises MajorError, possibly after some of them, and OSError."""
    with path.open("rb") as file:
        _check_head(file.read(_HEAD))
        file.seek(0)
        parents: list[Element] = []
        number = 0
        try:
            for event, element in ET.iterparse(file, ("start", "end")):  # noqa: S314 - no DTD gets here
                if event == "start":
                    if not parents:
                        _check_root(element, layout)
                    parents.append(element)
                    continue
                parents.pop()
                if len(parents) == layout.above:
                    number += 1
                    yield Found(number, tuple(parents), element)
                    parents[-1].remove(element)
        except ET.ParseError as error:
            raise MajorError(f"not well-formed XML (line {error.position[0]})") from error


def _check_head(head: bytes) -> None:
    """UTF-8 is required [A4]; nobody declares a document type."""
    declared = _ENCODING.search(head)
    if head.startswith(_WIDE) or (declared and declared[1].lower() not in {b"utf-8", b"utf8"}):
        raise MajorError("not UTF-8")
    if b"<!DOCTYPE" in head:
        raise MajorError("a document type is not allowed")


def _check_root(element: Element, layout: Layout) -> None:
    namespace, _, name = element.tag.rpartition("}")
    if namespace.removeprefix("{") != layout.namespace:
        raise MajorError(f"the namespace must be {layout.namespace or 'empty'}")
    if name != layout.root:
        raise MajorError(f"the root must be <{layout.root}>")
