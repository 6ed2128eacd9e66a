"""Shared with the tests of the API."""

from tests.api.fixtures import roomy, wire

__all__ = ["roomy", "wire"]
