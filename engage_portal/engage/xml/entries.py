"""A table of the file that describes a tenant's files, read entry by entry."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engage_portal.engage.xml.elements import is_element_name
from engage_portal.engage.xml.errors import BadNamesError

_NAME = re.compile(r"[^\W\d][\w.-]*")
_SHOWN = 40


class Entries:
    """Each entry is taken once; `close` refuses what nobody took. All raise BadNamesError with the entry's name."""

    def __init__(self, given: Mapping[str, Any], path: str = "") -> None:
        self._left = dict(given)
        self._path = path

    def where(self, name: str) -> str:
        """An entry as people find it."""
        return f"“{self._path}{'.' if self._path else ''}{name[:_SHOWN]}”"

    def close(self) -> None:
        """Nothing may be left: a slip of the pen would else go unnoticed."""
        if self._left:
            raise BadNamesError(f"has an unknown entry {self.where(min(self._left))}")

    def table(self, name: str) -> "Entries":
        """A table in this one; an empty one where there is none."""
        given = self._left.pop(name, {})
        path = f"{self._path}.{name}" if self._path else name
        if not isinstance(given, dict):
            raise BadNamesError(f"needs a table [{path}]")
        return Entries(given, path)

    def text(
        self, name: str, default: str, pattern: str = r"[^\x00-\x1f]*", *, longest: int | None = None
    ) -> str:
        """A text that matches as a whole."""
        given = self._left.pop(name, default)
        if longest is not None and isinstance(given, str) and len(given) > longest:
            raise BadNamesError(f"has more than {longest} characters in {self.where(name)}")
        if not isinstance(given, str) or not re.fullmatch(pattern, given, re.ASCII):
            raise BadNamesError(f"has a senseless value in {self.where(name)}")
        return given

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        given = self._left.pop(name, default)
        if not isinstance(given, bool):
            raise BadNamesError(f"needs true or false in {self.where(name)}")
        return given

    def whole(self, name: str, default: int, *, most: int) -> int:
        """A whole number from 0."""
        given = self._left.pop(name, default)
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
            raise BadNamesError(f"needs a whole number from 0 to {most} in {self.where(name)}")
        return given

    def element(self, name: str, default: str) -> str:
        """The name of an element."""
        return self._element(name, self._left.pop(name, default))

    def elements(self, name: str, default: Iterable[str]) -> list[str]:
        """One or several names of elements."""
        given = self._left.pop(name, list(default))
        names = given if isinstance(given, list) else [given]
        if not names:
            raise BadNamesError(f"has an empty list of names in {self.where(name)}")
        return [self._element(name, each) for each in names]

    def renamed(self) -> dict[str, str]:
        """All that is left: something, and the name of an element for it."""
        given, self._left = self._left, {}
        return {name: self._element(name, each) for name, each in given.items()}

    def meanings(self) -> dict[str, str]:
        """All that is left: the name of an element, and what it means."""
        given = self.renamed()
        return {self._element(name, name): each for name, each in given.items()}

    def sections(self, kinds: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """The name of a section → its kind; each of `kinds` comes with its names by default."""
        found: dict[str, str] = {}
        for kind, default in kinds.items():
            for name in self.elements(kind, default):
                if name in found:
                    raise BadNamesError(f"names the section “{name[:_SHOWN]}” twice in [{self._path}]")
                found[name] = kind
        self.close()
        return found

    def _element(self, entry: str, given: Any) -> str:
        if not isinstance(given, str) or not _NAME.fullmatch(given) or not is_element_name(given):
            raise BadNamesError(f"has something that is no element name in {self.where(entry)}")
        return given
