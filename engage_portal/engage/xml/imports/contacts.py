"""Contacts as elements of the contacts import.

A record is named after its contact type and holds one element for each field
[developer.voyado.com/docs/file-based-transfer/avoid-triggering-export]. What is absent stays as it is in Engage; an
empty element clears the field.
"""

from datetime import date

from engage_portal.engage.xml.content import ContactRecord
from engage_portal.engage.xml.elements import is_element_name
from engage_portal.engage.xml.errors import InvalidRecordError, UnfitRecordsError
from engage_portal.engage.xml.imports.ages import age
from engage_portal.engage.xml.imports.texts import around, clean, element
from engage_portal.engage.xml.profile import ImportProfile, TenantProfile

# Order and spelling as in [developer.voyado.com/en/contacts/introduction/contact-field-definitions.html].
_KEYS = ("contactId", "memberNumber", "externalId", "socialSecurityNumber", "email", "mobilePhone")
_ORDER = {
    name: place
    for place, name in enumerate(
        (
            *_KEYS, "firstName", "lastName", "birthDay", "age", "gender", "street", "careOf", "zipCode", "city",
            "country", "createdInStore", "store",
        )
    )
}  # fmt: skip
_ENGAGES_OWN = ("rfm", "retail.keyvalue.", "nps.")
_ONE_EACH = ("contactId", "memberNumber", "externalId")
_PREFERENCES, _CONSENTS = "preferences.", "consents."
_SHOWN = 60


def carries(profile: TenantProfile, name: str) -> bool:
    """Whether a contacts file can say a field. What it cannot say waits for the API.

    A consent has a date and a source, for which no element is published: no profile may name one. What Engage reckons
    itself is never sent.
    """
    return _tag(profile.contacts_import, name) is not None


def is_consent(name: str) -> bool:
    """Whether a field is one, however its first letters are written."""
    return name.casefold().startswith(_CONSENTS)


def _tag(profile: ImportProfile, name: str) -> str | None:
    if name in profile.fields:
        return profile.fields[name]
    if name.startswith((_CONSENTS, *_ENGAGES_OWN)):
        return None
    name = name.removeprefix(_PREFERENCES)
    return profile.fields.get(name, name) if is_element_name(name) else None


class ContactElements:
    """One file's contacts: one type, and `contactId` in all of them or in none, lest Engage reads it into all.

    [developer.voyado.com/en/contacts/contact-xml-import.html]
    """

    def __init__(self, profile: ImportProfile, *, is_silent: bool, today: date) -> None:
        self._profile = profile
        self._today = today
        self._is_silent = is_silent
        self._type: str | None = None
        self._record = ""
        self._has_ids = False
        self._tags: dict[str, str] = {}
        self._seen: set[tuple[str, str]] = set()

    def element(self, position: int, record: ContactRecord) -> str:
        """The record. Raises InvalidRecordError for what cannot be said, UnfitRecordsError for another kind."""
        keys = self._check(position, record)
        said = {}
        for name in sorted(record.fields, key=lambda name: _ORDER.get(name, len(_ORDER))):
            value = record.fields[name]
            tag = self._tags.get(name) or self._learnt(position, name)
            said[tag] = element(tag, _text(position, name, value)) if value else f"<{tag}/>"
        if len(said) != len(record.fields):
            raise InvalidRecordError(position, "Two of its fields have the same element.")
        self._seen |= keys
        return around(self._record, "".join(said.values()))

    def _check(self, position: int, record: ContactRecord) -> set[tuple[str, str]]:
        """The keys by which no other contact of the file may go."""
        has_id = "contactId" in record.fields
        if self._type is None:
            self._type, self._has_ids = record.contact_type, has_id
        if record.contact_type != self._type:
            raise UnfitRecordsError("A file holds contacts of one type only.")
        if has_id != self._has_ids:
            raise UnfitRecordsError("In a file all contacts have a contactId, or none has.")
        if not record.fields:
            raise InvalidRecordError(position, "It has no fields.")
        if not self._record:
            self._record = self._element_of(position, record.contact_type)
        keys = {(name, record.fields[name].lower()) for name in _ONE_EACH if record.fields.get(name)}
        for name, _ in sorted(keys & self._seen):
            raise InvalidRecordError(position, f"Another contact of this file has its {name}.")
        self._refuse_child(position, record)
        return keys

    def _refuse_child(self, position: int, record: ContactRecord) -> None:
        """Engage skips who is under age, and tells only its own log.

        [developer.voyado.com/en/contacts/contact-xml-import.html]
        """
        least = self._profile.minimum_age
        years = age(record.fields, self._today) if least else None
        if years is not None and years < least:
            raise InvalidRecordError(
                position, f"It is of somebody under {least}, whom Engage's import skips."
            )

    def _element_of(self, position: int, contact_type: str) -> str:
        name = self._profile.records.get(contact_type, contact_type.lower())
        if not is_element_name(name):
            raise InvalidRecordError(
                position,
                f"Its contact type “{clean(contact_type)[:_SHOWN]}” is no name of an element: "
                "give it one in [contacts_import.records] of ENGAGE_FILE_PROFILE.",
            )
        return name

    def _learnt(self, position: int, name: str) -> str:
        """The element of a field that did not occur before."""
        if self._is_silent and (
            (name in _ORDER and name not in _KEYS) or name.startswith((_PREFERENCES, _CONSENTS))
        ):
            # The import of such a file fails [developer.voyado.com/docs/file-based-transfer/avoid-triggering-export].
            raise UnfitRecordsError(f"A file that triggers no export may not say the standard field {name}.")
        tag = _tag(self._profile, name)
        if tag is None:
            raise InvalidRecordError(position, f"A file cannot say the field “{clean(name)[:_SHOWN]}”.")
        self._tags[name] = tag
        return tag


def _text(position: int, name: str, value: str) -> str:
    """What is left of a value must say something: an empty element would wipe what Engage has."""
    text = clean(value)
    if not text or text.isspace():
        raise InvalidRecordError(
            position, f"The field “{clean(name)[:_SHOWN]}” holds nothing that can be read."
        )
    return text.lower() if name == "contactId" else text
