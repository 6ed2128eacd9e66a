"""Whether two bodies are the same receipt: a till that sends again may write the same money in other digits."""

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal

# A fraction behind its name, in a canonical body. No text can look so: in a text each quotation mark is escaped. Begins
# with what is looked for fastest, and looks back from there.
_FRACTION = re.compile(rb'":(?<=[A-Za-z]":)(-?[0-9]+(?:\.[0-9]+(?:E[+-]?[0-9]+)?|E[+-]?[0-9]+))(?=[,}])')


@dataclass(frozen=True, slots=True)
class Digest:
    """What a receipt is compared by."""

    of_content: str
    of_text: str
    """As receipts were compared once: with the digits of their money. Rows of that time still have it."""

    def is_of(self, content_hash: str) -> bool:
        """Whether a kept receipt with this hash has the same content."""
        return content_hash in (self.of_content, self.of_text)


def digest_of(body: bytes) -> Digest:
    """The digest of a canonical body, in which 200, 200.0 and 2E+2 are one."""
    return Digest(_sha256(_FRACTION.sub(_written_one_way, body)), _sha256(body))


def _written_one_way(fraction: re.Match[bytes]) -> bytes:
    text = fraction[1]
    if b"E" in text:
        text = f"{Decimal(text.decode()):f}".encode()
    if b"." in text:
        text = text.rstrip(b"0").rstrip(b".")
    return b'":0' if text == b"-0" else b'":' + text


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
