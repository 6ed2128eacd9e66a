from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from engage_portal.outbox import registry
from tests.outbox.building import Parcel


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Without the table of the token model that ours replaces.

    It refers to our users, Django does not know it any more, and PostgreSQL refuses to empty what is referred to.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")


@pytest.fixture
def parcel() -> Iterator[Callable[..., Parcel]]:
    """Registers a kind of our own for one test: `parcel(call=…, look=…, settle=…)`."""

    def make(**behaviour) -> Parcel:
        made = Parcel(**behaviour)
        registry.register(made)
        return made

    yield make
    registry._handlers.pop(Parcel.kind, None)
