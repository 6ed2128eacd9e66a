"""What a file seems to be, by how it begins: the names of promotions exports are not public."""

from typing import NamedTuple

from engage_portal.engage.xml.errors import UnreadableExportError
from engage_portal.engage.xml.promotions import DEFAULT_PROMOTION_NAMES, PromotionNames, has_record
from engage_portal.engage.xml.tree import Tree, local

GLIMPSE = 65_536
"""Bytes that are enough."""
_PIECE = 1024


class Glimpse(NamedTuple):
    """The beginning of a file."""

    root: str
    """The name of its root, without namespace; empty where it is no XML that may be read."""
    has_coupons: bool
    """Whether something in it has a `couponId`."""


def glimpse(beginning: bytes, names: PromotionNames = DEFAULT_PROMOTION_NAMES) -> Glimpse:
    """Look at how a file begins. Never raises: what is wrong with it is found by whoever reads it."""
    tree = Tree()
    try:
        for place in range(0, len(beginning), _PIECE):
            tree.feed(beginning[place : place + _PIECE])
    except UnreadableExportError:
        pass  # up to there it is something
    root = tree.root
    return (
        Glimpse("", has_coupons=False) if root is None else Glimpse(local(root.tag), has_record(root, names))
    )
