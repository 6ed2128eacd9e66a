"""Values as elements, and elements around others.

They are put together as texts, since as lxml's trees they take twice as long. libxml2 reads each finished file before
it leaves (`checking.py`), so a slip in here would be found.
"""

import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

# What XML 1.0 cannot carry [w3.org/TR/xml/#charsets]; one of them would cost the whole file.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile("[&<>\r]")
# Else it would be read as a line feed [w3.org/TR/xml/#sec-line-ends].
_RETURN = {"\r": "&#13;"}


def clean(text: str) -> str:
    """The same without characters that XML forbids."""
    return text if text.isprintable() else _FORBIDDEN.sub("", text)


def as_text(value: Any) -> str:
    """A number with the digits it has and never an exponent; yes and no as XML has them."""
    text = str(value)
    if "E" in text:
        return f"{value:f}"
    return text.lower() if value is True or value is False else text


def element(tag: str, value: str, attributes: str = "") -> str:
    """A value as an element; none at all where there is nothing to say.

    An empty element could wipe what Engage has.
    """
    text = clean(value)
    if not text or text.isspace():
        return ""
    shown = escape(text, _RETURN) if _MARKUP.search(text) else text
    return f"<{tag}{attributes}>{shown}</{tag}>"


def attribute(name: str, value: str) -> str:
    """An attribute with the blank before it."""
    return f" {name}={quoteattr(clean(value))}"


def around(tag: str, elements: str) -> str:
    """An element around others; none at all where there are none."""
    return f"<{tag}>{elements}</{tag}>" if elements else ""
