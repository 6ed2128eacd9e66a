"""Shared with the tests of the API."""

from tests.api.fixtures import django_db_setup, roomy, wire

__all__ = ["django_db_setup", "roomy", "wire"]
