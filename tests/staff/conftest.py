"""The people of these tests."""

from tests.pages.people import *  # noqa: F403
