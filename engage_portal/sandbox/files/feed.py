"""Which changes an export has not told yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.state import Engage


@contextmanager
def since_last(engage: Engage, kind: str, export: str) -> Iterator[list[Record]]:
    """The changes of a kind since an export's last run, oldest first; told for good only if the block succeeds."""
    place = f"exported:{export}"
    last = engage.store.get("meta", place)
    counter = engage.store.get("counter", kind)
    following = counter["next"] if counter else 1
    numbers = range(last["next"] if last else 1, following)
    yield [change for number in numbers if (change := engage.store.get(kind, str(number)))]
    if numbers:
        engage.store.put("meta", place, {"next": following})
