"""The part of a document that is in memory: what every reader of exports shares.

The file is fed to libxml2 in pieces. What could fill the memory is refused: a DOCTYPE (entities), records that do not
end, and more and deeper content than a record can have.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

from lxml import etree

from engage_portal.engage.xml.errors import UnreadableExportError

MOST_FIELDS = 1000
"""Of one record."""
LONGEST_FIELD = 100_000
"""Characters."""
LONGEST_RECORD = 4 * 2**20
"""Bytes that may go by without the end of a record."""
_FIRST_PIECE, PIECE = 4096, 32_768
"""Bytes. A field that is too long fills at least one whole piece, in which then no record ends."""
_LONGEST_NAME = 60

T = TypeVar("T")


def local(tag: str) -> str:
    """A name without its namespace, and not endless."""
    return tag.rpartition("}")[2][:_LONGEST_NAME]


class Tree:
    """What was parsed and is not yet taken away."""

    def __init__(self, root: str | None = None) -> None:
        """With the name that the root must have; any, where none is given."""
        self.root: Any = None
        self.is_over = False
        """Whether the end of the file has come."""
        self._name = root
        self._since = 0
        # Comments and processing instructions are dropped, so that a field is one text whatever stands in between.
        self._parser: Any = etree.XMLPullParser(
            events=("start",),
            tag=f"{{*}}{root}" if root else None,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    @property
    def is_long(self) -> bool:
        """Whether more than one piece went by since something was taken: only then can a field be too long."""
        return self._since > PIECE

    def moved(self) -> None:
        """Something was taken."""
        self._since = 0

    def must_not_grow(self) -> None:
        """Refuse a record that does not end."""
        if self._since > LONGEST_RECORD:
            raise UnreadableExportError(f"A record of it is longer than {LONGEST_RECORD // 2**20} MiB.")

    def feed(self, piece: bytes) -> None:
        """Parse some more."""
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            raise self._ill_formed(error) from None
        self._since += len(piece)
        events = self._parser.read_events()
        if self.root is None:
            for _, element in events:
                self._begin(element)
                break
        deque(events, maxlen=0)
        if self.root is None and self._since > LONGEST_RECORD // 64:
            raise self._wrong_root()

    def _begin(self, root: Any) -> None:
        if root.getparent() is not None:
            raise self._wrong_root()
        if root.getroottree().docinfo.doctype:
            raise UnreadableExportError("It has a DOCTYPE, which an export never has.")
        self.root = root

    def close(self) -> None:
        """The end of the file has come."""
        if self.root is None and not self._since:
            raise UnreadableExportError("It is empty.")
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise self._ill_formed(error) from None
        if self.root is None or root is not self.root:
            raise self._wrong_root()
        self.is_over = True

    def _wrong_root(self) -> UnreadableExportError:
        return UnreadableExportError(f"Its root is not “{self._name}”." if self._name else "It has no root.")

    def _ill_formed(self, error: Any) -> UnreadableExportError:
        """Where and how, by libxml2's name of the fault: its own sentence may quote what stands there."""
        log = self._parser.feed_error_log
        (line, column), name = error.position, "syntax error"
        if len(log):
            line, column, name = log[0].line, log[0].column, log[0].type_name
        fault = name.removeprefix("ERR_").replace("_", " ").lower()
        return UnreadableExportError(f"It is not well-formed XML: {fault}, line {line}, column {column}.")


def walked(
    stream: BinaryIO,
    tree: Tree,
    taken: Callable[[Tree], Iterator[T]],
    fed: Callable[[bytes], None] | None = None,
) -> Iterator[T]:
    """Feed a stream to a tree; after each piece, and at the end, give what `taken` finds complete in it.

    The pieces are the same each time, so that whoever reads a file twice finds the same at the same place. Raises
    UnreadableExportError.
    """
    while piece := stream.read(PIECE if tree.root is not None else _FIRST_PIECE):
        if fed:
            fed(piece)
        tree.feed(piece)
        yield from taken(tree)
    tree.close()
    yield from taken(tree)
