"""What a deployment may not do by mistake."""

import pytest
from django.core.checks import run_checks

from engage_portal.checks import CONFIGURATION


def codes() -> set[str]:
    return {str(check.id) for check in run_checks(tags=[CONFIGURATION])}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRET_KEY", "k" * 49, "engage_portal.E004"),
        ("ENGAGE_BASE_URL", "http://127.0.0.1:8900", "engage_portal.E005"),
        ("EMAIL_BACKEND", "engage_portal.accounts.mailbox.DemoMailbox", "engage_portal.E006"),
        ("ALLOWED_HOSTS", [], "engage_portal.E011"),
    ],
)
def test_it_is_refused_in_production_and_allowed_in_development(settings, name, value, code):
    assert not codes()
    setattr(settings, name, value)
    assert codes() == {code}
    settings.DEBUG = True
    assert not codes()


def test_a_task_is_never_handed_out_while_it_can_still_run(settings):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "retry": 200}
    assert codes() == {"engage_portal.E007"}


def test_a_task_is_never_killed_while_it_waits_for_engage(settings):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "timeout": 60, "retry": 600}
    assert codes() == {"engage_portal.E013"}


@pytest.mark.parametrize(
    "host", ["portal.example.com", ".example.com", "*", "127.0.0.1", "[::1]", "localhost"]
)
def test_usual_hosts_are_taken(settings, host):
    settings.ALLOWED_HOSTS = [host]
    assert not codes()


def test_cookies_travel_encrypted_in_production():
    from engage_portal import settings as real

    assert {real.SESSION_COOKIE_SECURE, real.CSRF_COOKIE_SECURE} == {not real.DEBUG}
    assert real.X_FRAME_OPTIONS == "DENY"
