"""Contacts exports as Engage would write them, of people who are made up. For tests, benchmarks and trying out.

`python -m engage_portal.sandbox.exports 1000 > 20260412100003_0_members.xml`
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "http://eClub.Schemas.ExportMember"
Person = Mapping[str, str]
_FIRST = ("Maja", "Alva", "Elias", "Åke", "Örjan", "Saga", "Nils", "Tuva")
_LAST = ("Öst & Lind", "Berg", "Falk", "Sjögren", "Ek", "Åberg", "Lund")
_CITIES = ("Stockholm", "Göteborg", "Malmö", "Umeå", "Luleå")
_SPREAD = 0x9E3779B97F4A7C15


def person(number: int, **changed: str) -> dict[str, str]:
    """Somebody made up, always the same for a number from 1 on."""
    return {
        "contactId": guid(number),
        "memberNumber": str(5_000_000 + number),
        "externalId": f"WEB-{number:07d}",
        "firstName": _FIRST[number % len(_FIRST)],
        "lastName": _LAST[number % len(_LAST)],
        "email": f"person{number}@example.org",
        "mobilePhone": f"+4670{number % 10_000_000:07d}",
        "birthDay": f"{1940 + number % 60}-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "street": f"Kvarngatan {number % 200}",
        "zipCode": f"{11_000 + number % 80_000}",
        "city": _CITIES[number % len(_CITIES)],
        "country": "Sweden",
        "acceptsEmail": "true" if number % 3 else "false",
        **changed,
    }


def guid(number: int) -> str:
    """An id whose beginning says nothing about the order, as with Engage's."""
    return str(UUID(int=((number * _SPREAD) % 2**64 << 64) | number))


def people(count: int) -> Iterator[dict[str, str]]:
    """So many of them."""
    return (person(number) for number in range(1, count + 1))


def write(
    out: TextIO,
    *,
    new: Iterable[Person] = (),
    updated: Iterable[Person] = (),
    deleted: Iterable[Person] = (),
    source: str = "External system",
) -> None:
    """Write an export. Sections that stay empty are written too."""
    out.write(f'<?xml version="1.0" encoding="utf-8"?>\n<contacts xmlns="{NAMESPACE}">\n')
    for section, members in (("new", new), ("updated", updated), ("deleted", deleted)):
        out.write(f"  <{section}>\n")
        for member in members:
            fields = "".join(f"      <{name}>{_text(text)}</{name}>\n" for name, text in member.items())
            out.write(f"    <member source={quoteattr(source)}>\n{fields}    </member>\n")
        out.write(f"  </{section}>\n")
    out.write("</contacts>\n")


def _text(text: str) -> str:
    """A carriage return has to be written as a reference: a parser makes a line feed of one that stands there."""
    return escape(text, {"\r": "&#13;"})


if __name__ == "__main__":
    write(sys.stdout, new=people(int(sys.argv[1])))
