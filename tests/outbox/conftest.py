from collections.abc import Callable, Iterator

import pytest

from engage_portal.outbox import registry
from tests.outbox.building import Parcel


@pytest.fixture
def parcel() -> Iterator[Callable[..., Parcel]]:
    """Registers a kind of our own for one test: `parcel(call=…, look=…, settle=…)`."""

    def make(**behaviour) -> Parcel:
        made = Parcel(**behaviour)
        registry.register(made)
        return made

    yield make
    registry._handlers.pop(Parcel.kind, None)
