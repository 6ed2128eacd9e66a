"""What all records of a file have in common: as it is kept with the file, and as people read it."""

_NEW, _KNOWN = "key", "id"
_BY = {
    "contactId": "by contact id",
    "memberNumber": "by member number",
    "socialSecurityNumber": "by personal number",
    "mobilePhone": "by phone number",
    "externalId": "by external id",
    "email": "by e-mail address",
}
"""Engage's types of match keys → for people. Another one is shown as it is."""
REDEMPTIONS = "redemptions"


def of_new(contact_type: str, source: str) -> str:
    """Contacts of a type that a file creates, by the tenant's key; all have one source."""
    return f"{contact_type}/{_NEW}/{source}"


def of_known(contact_type: str, source: str) -> str:
    """Contacts of a type that Engage knows by its own id."""
    return f"{contact_type}/{_KNOWN}/{source}"


def in_words(group: str) -> str:
    """What to say beside the type of a file; empty where its type says it all."""
    match group.split("/", 2):
        case [contact_type, kind, source] if kind == _NEW:
            return f"new, {contact_type}, source {source}"
        case [contact_type, kind, _] if kind == _KNOWN:
            return f"known to Engage, {contact_type}"
    return "" if group == REDEMPTIONS else _BY.get(group, group)
