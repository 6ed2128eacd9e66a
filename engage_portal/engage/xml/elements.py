"""What XML takes as the name of an element."""

from lxml import etree


def is_element_name(name: str) -> bool:
    """Whether XML takes it as the name of an element, without a namespace of its own."""
    try:
        return etree.QName(name).namespace is None and ":" not in name
    except ValueError:
        return False
