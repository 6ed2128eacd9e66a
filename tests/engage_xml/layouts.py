"""The same promotions, written in every way in which a tenant's export may be written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

Assignment = dict[str, Any]
"""Fields by Engage's names; `told`: new, redeemed, deleted; `channels`: a list of dictionaries."""


@dataclass(frozen=True)
class Layout:
    """One way to write an export."""

    record: str = "promotion"
    """The element of a record in a section; empty: the section is the record."""
    sections: bool = True
    root: str = "promotions"
    wraps_channels: bool = True
    spell: Callable[[str], str] = str
    names: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    namespace: str = ""
    head: str = ""
    around: str = ""
    """Another element around all records of a section."""
    couponless_first: bool = False
    """Whether `couponId` is the last field instead of where it stands."""
    gap: str = ""

    def write(self, assignments: Iterable[Assignment]) -> str:
        """The document."""
        mark = (
            f' xmlns{":" + self.prefix[:-1] if self.prefix else ""}="{self.namespace}"'
            if self.namespace
            else ""
        )
        inner = self.gap.join(self._section(each) for each in assignments)
        return (
            f"{self.head}<{self._tag(self.root)}{mark}>{self.gap}{inner}{self.gap}</{self._tag(self.root)}>"
        )

    def _tag(self, name: str) -> str:
        return self.prefix + self.spell(self.names.get(name, name))

    def _element(self, name: str, content: str) -> str:
        return f"<{self._tag(name)}>{content}</{self._tag(name)}>" if name else content

    def _section(self, assignment: Assignment) -> str:
        record = self._element(self.around, self._element(self.record, self._fields(assignment)))
        return self._element(assignment["told"], record) if self.sections else record

    def _fields(self, assignment: Assignment) -> str:
        names = [name for name in assignment if name != "told"]
        if self.couponless_first:
            names = [*(name for name in names if name != "couponId"), "couponId"]
        return self.gap.join(self._field(name, assignment[name]) for name in names)

    def _field(self, name: str, value: Any) -> str:
        if name != "channels":
            return self._element(name, escape(value))
        ways = ["".join(self._element(key, escape(text)) for key, text in way.items()) for way in value]
        wrapped = [self._element("redemptionChannel", way) if self.wraps_channels else way for way in ways]
        return self._element("redemptionChannels", "".join(wrapped))


LAYOUTS = {
    "promotion in a section": Layout(),
    "the section is the record": Layout(record=""),
    "no section names": Layout(sections=False),
    "other words for the sections": Layout(names={"new": "assigned", "redeemed": "used"}),
    "other words for the rest": Layout(record="coupon", root="export", around="rows"),
    "channels in a row": Layout(wraps_channels=False),
    "the section is the record, channels in a row": Layout(record="", wraps_channels=False),
    "capitals": Layout(spell=str.upper),
    "small": Layout(spell=str.lower),
    "a namespace": Layout(namespace="http://eClub.Schemas.ExportPromotions"),
    "a prefix": Layout(prefix="p:", namespace="urn:x"),
    "a declaration": Layout(head='<?xml version="1.0" encoding="utf-8"?>\r\n'),
    "a mark at the beginning": Layout(head="\ufeff"),
    "the id last": Layout(couponless_first=True),
    "the id last, in the section": Layout(couponless_first=True, record=""),
    "comments and blanks": Layout(gap="\r\n  <!-- x --><?y z?>\t"),
    "capitals in the import's spelling": Layout(names={"valuetype": "valueType"}),
}
