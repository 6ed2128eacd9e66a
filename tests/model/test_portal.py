"""Whatever tills do and however Engage behaves: what was accepted arrives once, in order."""

import sys

import pytest

from engage_portal.sandbox.app import Sandbox
from tests.model.portal import Portal
from tests.model.profiles import explore

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(0)]


class Tills(Portal):
    """The machine; when a story ends, everything is healed."""

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.heal()
                self.what_was_promised_is_in_engage()
        finally:
            self.stack.close()


def test_whatever_happens_what_was_accepted_arrives_once(engage: Sandbox, settings) -> None:
    settings.ENGAGE_PROBE_SECONDS = 0
    settings.OUTBOX_BULK_FROM = 2
    Tills.sandbox = engage
    explore(Tills, share=0.3)
