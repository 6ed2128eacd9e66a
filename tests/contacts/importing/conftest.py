"""A spool folder of the test's own."""

import pytest


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    """Where uploads lie."""
    settings.ENGAGE_EXPORT_SPOOL = str(tmp_path / "spool")
    return tmp_path / "spool"
