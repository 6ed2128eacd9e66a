"""Reads promotions exports as a stream, in memory that does not grow with the file.

What the fields are called is documented, the tree around them is not
[developer.voyado.com/docs/file-based-transfer/promotions-xml-export], and a tenant's transformation (XSLT) may change
both. So nothing depends on a tree: a record is whatever has a child `couponId`; what it tells is said by the nearest
element, itself or above, with a name of a section, else by a time of redemption; a channel is whatever has a child
`type` below `redemptionChannels`. Neither case nor namespaces matter.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, NamedTuple

from lxml import etree

from engage_portal.engage.xml.errors import UnreadableExportError
from engage_portal.engage.xml.tree import LONGEST_FIELD, MOST_FIELDS, Tree, local, walked

ROOT = "promotions"
"""Inferred, as the names of the sections are: the page was seen without its example."""
COUPON, CHANNELS = "couponId", "redemptionChannels"
FIELDS = (
    COUPON, "contactId", "contactKey", "contactType", "description", "promotionId", "externalPromotionId",
    "validFromDate", "expireDateTime", CHANNELS, "type", "valueType", "value", "instruction", "currency",
    "storeId", "storeType", "redeemedDateTime",
)  # fmt: skip
_DEEPEST = 8

_LOWER = "translate(local-name(), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
_MARKED = f"*[contains($marks, concat(' ', {_LOWER}, ' '))]"
# An element with a record in it is none itself, so that it does not matter where a piece of the file ends.
_records = etree.XPath(f"descendant-or-self::*[{_MARKED}][not(descendant::*[{_MARKED}])]")
_too_deep = etree.XPath(f"boolean({'/*' * (_DEEPEST + 1)})")
_too_many = etree.XPath("boolean(descendant-or-self::*[count(*) > $most])")
_too_long = etree.XPath("boolean(descendant-or-self::*[not(*)][string-length() > $most])")
_has_text = etree.XPath("boolean(descendant-or-self::*[not(*)][normalize-space()])")


class Told(StrEnum):
    """What a record says about an assignment."""

    NEW = "new"
    REDEEMED = "redeemed"
    DELETED = "deleted"


SECTIONS: Mapping[str, Told] = {
    "new": Told.NEW,
    "assigned": Told.NEW,
    "redeemed": Told.REDEEMED,
    "used": Told.REDEEMED,
    "deleted": Told.DELETED,
}


@dataclass(frozen=True, slots=True)
class PromotionNames:
    """Element names in lower case, without namespace, and what they mean."""

    folder: str = ""
    """In the dropbox, from where one logs in."""
    sections: Mapping[str, Told] = field(default_factory=lambda: SECTIONS)
    fields: Mapping[str, str] = field(default_factory=lambda: {name.lower(): name for name in FIELDS})
    """Their name → Engage's. What is not listed is left out."""

    @property
    def marks(self) -> str:
        """The names of the field that makes a record of an element, with blanks around each."""
        return f" {' '.join(theirs for theirs, name in self.fields.items() if name == COUPON)} "


DEFAULT_PROMOTION_NAMES = PromotionNames()


class PromotionRecord(NamedTuple):
    """What an export says about one assignment."""

    told: Told
    fields: dict[str, str]
    """By Engage's names, without surrounding white space; an empty element is an empty text."""
    channels: tuple[dict[str, str], ...] | None
    """Each with `type` and what else it has, by the API's names; None where the record says nothing about them."""


@dataclass(slots=True)
class PromotionSurvey:
    """What a first pass over a whole file found."""

    total: int = 0
    """Records that `promotion_records` will give."""
    digest: str = ""
    """SHA-256 of the bytes that were looked at."""
    unknown: int = 0
    """Elements beside records that have fields and no `couponId`: left out."""


def promotion_survey(
    stream: BinaryIO,
    names: PromotionNames = DEFAULT_PROMOTION_NAMES,
    *,
    seen: Callable[[int], None] | None = None,
) -> PromotionSurvey:
    """Check a whole file and count its records. Raises UnreadableExportError; then nothing of it may be used.

    `seen` is told the number of records again and again, for whoever has to show that this is alive.
    """
    found, hashed = PromotionSurvey(), hashlib.sha256()
    walk = _Walk(names, is_checked=True)
    for elements in walked(stream, Tree(), walk.taken, hashed.update):
        found.total += len(elements)
        if seen:
            seen(found.total)
    if not found.total and walk.has_text:
        raise UnreadableExportError(
            f"Nothing in it has a {COUPON}: this is no promotions export that can be read."
        )
    found.digest, found.unknown = hashed.hexdigest(), walk.unknown
    return found


def promotion_records(
    stream: BinaryIO, names: PromotionNames = DEFAULT_PROMOTION_NAMES, *, skip: int = 0
) -> Iterator[PromotionRecord]:
    """The records of a file that `promotion_survey` found sound, in document order, without the first `skip`."""
    for elements in walked(stream, Tree(), _Walk(names, is_checked=False).taken):
        for element in elements[skip:]:
            yield _record(element, names)
        skip = max(0, skip - len(elements))


def has_record(root: Any, names: PromotionNames) -> bool:
    """Whether a record stands below an element of a tree."""
    return bool(_records(root, marks=names.marks))


class _Walk:
    """Takes records out of a growing tree."""

    def __init__(self, names: PromotionNames, *, is_checked: bool) -> None:
        self.unknown = 0
        self.has_text = False
        """Whether there is any text where no record was found."""
        self._marks = names.marks
        self._is_checked = is_checked
        self._around: set[Any] = set()
        """Elements that are still open and had records in them: what else is in them is no field of a record."""

    def taken(self, tree: Tree) -> Iterator[list[Any]]:
        """The records that are complete. They are gone after the step."""
        if tree.root is None:
            return
        if self._is_checked and _too_deep(tree.root):
            raise UnreadableExportError("Its elements are nested deeper than those of a promotion.")
        # What was parsed last, and everything around it, may still be growing.
        still_open = [] if tree.is_over else _last_of_each(tree.root)
        records = [each for each in _records(tree.root, marks=self._marks) if each not in still_open]
        if self._is_checked:
            _check(tree.root, records, is_long=tree.is_long)
        if records:
            tree.moved()
            yield records
        self._clear(still_open, records)
        if self._is_checked and _too_many(tree.root, most=MOST_FIELDS):
            raise UnreadableExportError(f"A record of it has more than {MOST_FIELDS:,} fields.")
        if tree.is_over and not records:
            self.has_text = _has_text(tree.root)
        tree.must_not_grow()

    def _clear(self, still_open: list[Any], records: list[Any]) -> None:
        """Take away what was taken, and what stands beside records."""
        holders = {above for each in records for above in each.iterancestors()}
        around = self._around | holders
        done = around.union(records)
        for parent in around:
            for child in parent[:]:
                if child in still_open or child in done:
                    continue
                self.unknown += len(child) > 0
                parent.remove(child)
        for parent in still_open:
            for child in parent[:]:
                if child in done and child not in still_open:
                    parent.remove(child)
        self._around = around.intersection(still_open)


def _last_of_each(root: Any) -> list[Any]:
    path = [root]
    while len(path[-1]):
        path.append(path[-1][-1])
    return path


def _check(root: Any, records: list[Any], *, is_long: bool) -> None:
    """Refuse what no assignment can be; also in a record that is not complete."""
    if any(_too_many(each, most=MOST_FIELDS) for each in records):
        raise UnreadableExportError(f"A record of it has more than {MOST_FIELDS:,} fields.")
    if is_long and _too_long(root, most=LONGEST_FIELD):
        raise UnreadableExportError(f"A field of it has more than {LONGEST_FIELD:,} characters.")


def _record(element: Any, names: PromotionNames) -> PromotionRecord:
    fields, channels = dict[str, str](), None
    for child in element:
        name = names.fields.get(local(child.tag).lower())
        if name == CHANNELS:
            channels = (*(channels or ()), *_channels(child, names))
        elif name is not None and not len(child):
            fields[name] = (child.text or "").strip()
    return PromotionRecord(_told(element, fields, names), fields, channels)


def _told(element: Any, fields: Mapping[str, str], names: PromotionNames) -> Told:
    for each in (element, *element.iterancestors()):
        if (told := names.sections.get(local(each.tag).lower())) is not None:
            return told
    return Told.REDEEMED if fields.get("redeemedDateTime") else Told.NEW


def _channels(container: Any, names: PromotionNames) -> Iterator[dict[str, str]]:
    """With or without an element around each; a currency beside them is that of each."""
    around: dict[str, str] = {}
    for element in container.iter(etree.Element):
        for channel in _in_a_row(element, names):
            if "type" in channel:
                yield around | channel
            elif element is container:
                around = channel


def _in_a_row(element: Any, names: PromotionNames) -> Iterator[dict[str, str]]:
    """The channels whose fields are children of one element: another one begins where a field comes again."""
    channel: dict[str, str] = {}
    for child in element:
        name = names.fields.get(local(child.tag).lower())
        if name is None or name == CHANNELS or len(child):
            continue
        if name in channel:
            yield channel
            channel = {}
        channel[name] = (child.text or "").strip()
    if channel:
        yield channel
