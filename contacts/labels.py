"""What people read instead of Engage's names of a contact's data."""

import re

FIELDS = {
    "firstName": "First name",
    "lastName": "Last name",
    "email": "E-mail",
    "mobilePhone": "Mobile phone",
    "socialSecurityNumber": "Personal number",
    "memberNumber": "Member number",
    "externalId": "External id",
    "careOf": "Care of",
    "street": "Street",
    "zipCode": "Postcode",
    "city": "City",
    "country": "Country",
    "countryCode": "Country code",
    "language": "Language",
    "birthDay": "Birthday",
    "gender": "Gender",
    "store": "Home store",
    "createdInStore": "Signed up in store",
}
"""In the order in which they are shown."""

CHANNELS = {
    "preferences.acceptsEmail": "News by e-mail",
    "preferences.acceptsSms": "News by text message",
    "preferences.acceptsPostal": "News by post",
}

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def label_of(name: str) -> str:
    """The label of a flat name (`contacts/flat.py`), also of an attribute that only this tenant has."""
    return FIELDS.get(name) or CHANNELS.get(name) or humanised(name.rpartition(".")[2])


def humanised(name: str) -> str:
    """shoeSize → Shoe size."""
    return _HUMP.sub(" ", name).replace("_", " ").strip().capitalize()
