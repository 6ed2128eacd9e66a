"""A spool folder of the test's own."""

from tests.contacts.importing.conftest import spool

__all__ = ["spool"]
