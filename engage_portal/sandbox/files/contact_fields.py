"""What an import makes of a contact's fields: the good ones are taken, each bad one is dropped [A1]."""

import re
from collections.abc import Iterator, Mapping

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.contact_rules import CUSTOM, KEY_ATTRIBUTES, PREFERENCES, STANDARD, errors_in
from engage_portal.sandbox.state import Engage

_YES_NO = {"true": True, "1": True, "false": False, "0": False}
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T.*")
STORE_AT_CREATION = "createdInStore"
_NOT_KEPT = {"contactId", "age"}
NOT_CUSTOM = STANDARD | {STORE_AT_CREATION, "age", *PREFERENCES}
"""What a file that suppresses the export may not hold, keys aside [A2]."""


class Taken:
    """The fields of one record as a flat contact, and why others were dropped."""

    def __init__(self, engage: Engage, fields: Mapping[str, str], held: Record | None, wanted: str) -> None:
        self._engage = engage
        self._held = held
        self._type = held["contactType"] if held else wanted
        self.flat: Record = {}
        self.created_in = ""
        self.dropped: list[str] = []
        for name, text in fields.items():
            if name not in _NOT_KEPT:
                self.dropped += self._take(name, text)

    def _take(self, name: str, text: str) -> Iterator[str]:
        """Keep one field; yields why not."""
        if name == STORE_AT_CREATION:
            yield from self._take_first_store(text)
        elif name in PREFERENCES or name in self._engage.store.all("consent"):
            yield from self._take_answer(name, text)
        elif name in STANDARD | CUSTOM:
            yield from self._take_attribute(name, text)
        else:
            yield f"{name}: this Engage has no such field"

    def _take_first_store(self, text: str) -> Iterator[str]:
        """Once set it cannot be changed [A15]."""
        if self._held is None and self._has_store(text):
            self.created_in = text
        elif self._held is None:
            yield f"{STORE_AT_CREATION}: this store does not exist"
        elif self._held["attributes"].get(STORE_AT_CREATION) != text:
            yield f"{STORE_AT_CREATION}: cannot be changed"

    def _take_answer(self, name: str, text: str) -> Iterator[str]:
        """A preference or consent: yes or no; a consent's date is that of the import [inferred]."""
        value = _YES_NO.get(text.lower())
        if value is None:
            yield f"{name}: must be true or false"
        elif name in PREFERENCES:
            self.flat.setdefault("preferences", {})[name] = value
        else:
            consent = {"id": name, "value": value, "source": "Import"}
            self.flat.setdefault("consents", []).append(consent)

    def _take_attribute(self, name: str, text: str) -> Iterator[str]:
        if name == "birthDay":
            text = _MOMENT.sub(r"\1", text)
        held = self._held["attributes"] if self._held else {}
        errors = errors_in({name: text}, held, set())
        if errors:
            yield from errors
        elif name == "store" and text and not self._has_store(text):
            yield "store: this store does not exist"
        elif name in KEY_ATTRIBUTES and text and self._is_taken(name, text):
            yield f"{name}: another {self._type} has it"
        else:
            self.flat[name] = text

    def _has_store(self, text: str) -> bool:
        return self._engage.store.get("store", text) is not None

    def _is_taken(self, name: str, text: str) -> bool:
        own = self._held["id"] if self._held else ""
        return any(one["id"] != own for one in self._engage.with_key(name, text, (self._type,)))
