"""Takes personal data out of text that is kept or logged."""

import re

_MASK = "•••"
# Counted repeats only: an unbounded one takes quadratic time on a long text without a match.
_NAME, _HOST = r"[^\s@\"'<>=?&/]{1,64}", r"[^\s@\"'<>=?&/]{1,255}"
_PATTERNS = (
    re.compile(rf"{_NAME}@{_HOST}"),  # e-mail addresses
    re.compile(rf"{_NAME}%40{_HOST}", re.IGNORECASE),  # the same, percent-encoded
    # Phone and personal numbers; a date with hyphens is neither.
    re.compile(r"(?<![\w-])(?!\d{4}-\d{2}-\d{2}(?!\d))(?:\+|%2B)?\d[\d\s()-]{6,40}\d(?![\w-])"),
)
_READ_AT_MOST = 4
"""Times `keep`: nobody reads the rest of a long text, and masking only shortens."""


def masked(text: str, *, keep: int = 300) -> str:
    """The text with e-mail addresses and long digit runs replaced, cut to `keep` characters.

    GUIDs keep their value: they are not personal by themselves and staff need them to find the object.
    """
    is_long = len(text) > keep * _READ_AT_MOST
    text = text[: keep * _READ_AT_MOST]
    for pattern in _PATTERNS:
        text = pattern.sub(_MASK, text)
    return text if len(text) <= keep and not is_long else text[: keep - 1] + "…"
