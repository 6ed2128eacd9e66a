"""Telling in a microsecond that a phone number is written as E.164 already; the library takes fifteen to say the same.

Most numbers that Engage exports are, and an import reads a million of them. Everything else is left to the library,
whose own data is asked here too.
"""

import re
from functools import cache
from typing import Any

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_LONGEST_CODE = 3


def is_plain_e164(text: str) -> bool:
    """Whether parsing and formatting would give exactly this text. False also means: ask the library."""
    if not _E164.fullmatch(text):
        return False
    for length in range(1, _LONGEST_CODE + 1):
        code = int(text[1 : 1 + length])
        if code in COUNTRY_CODE_TO_REGION_CODE:
            prefixes, lengths = _rules(code)
            national = text[1 + length :]
            return len(national) in lengths and not national.startswith(prefixes)
    return False


@cache
def _rules(code: int) -> tuple[tuple[str, ...], frozenset[int]]:
    """What a national number must not begin with, and how long it may be; no length where the rules are not simple.

    A country's trunk prefix would be cut off, and a leading zero is written in another way.
    """
    regions = [_metadata(code, region) for region in COUNTRY_CODE_TO_REGION_CODE[code]]
    prefixes = {region.national_prefix_for_parsing for region in regions if region is not None} - {None}
    if None in regions or not all(prefix.isdecimal() for prefix in prefixes):
        return (), frozenset()
    return ("0", *sorted(prefixes)), frozenset(regions[0].general_desc.possible_length)


def _metadata(code: int, region: str) -> Any:
    if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return PhoneMetadata.metadata_for_nongeo_region(code)
    return PhoneMetadata.metadata_for_region(region)
