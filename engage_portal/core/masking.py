"""Takes personal data out of text that is kept or logged."""

import re

_MASK = "•••"
_PATTERNS = (
    re.compile(r"[^\s@\"'<>=?&/]+@[^\s@\"'<>=?&/]+"),  # e-mail addresses
    re.compile(r"[^\s@\"'<>=?&/]+%40[^\s@\"'<>=?&/]+", re.IGNORECASE),  # the same, percent-encoded
    # Phone and personal numbers; a date with hyphens is neither.
    re.compile(r"(?<![\w-])(?!\d{4}-\d{2}-\d{2}(?!\d))(?:\+|%2B)?\d[\d\s()-]{6,}\d(?![\w-])"),
)


def masked(text: str, *, keep: int = 300) -> str:
    """The text with e-mail addresses and long digit runs replaced, cut to `keep` characters.

    GUIDs keep their value: they are not personal by themselves and staff need them to find the object.
    """
    for pattern in _PATTERNS:
        text = pattern.sub(_MASK, text)
    return text if len(text) <= keep else text[: keep - 1] + "…"
