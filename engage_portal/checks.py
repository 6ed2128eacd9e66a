"""System checks: bad configuration stops the start with one sentence that names the variable."""

import sys
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, register, run_checks

from engage_portal import env

CONFIGURATION = "configuration"
_SHORTEST_KEY = 50


@register(CONFIGURATION)
def environment_is_sane(**_kwargs: Any) -> list[CheckMessage]:
    """Every variable could be read."""
    return [
        Error(f"{name} {problem}.", id="engage_portal.E001") for name, problem in sorted(env.PROBLEMS.items())
    ]


@register(CONFIGURATION)
def engage_is_named(**_kwargs: Any) -> list[CheckMessage]:
    """There is an Engage to talk to, and a key for it."""
    problems: list[CheckMessage] = []
    if not settings.ENGAGE_BASE_URL and "ENGAGE_BASE_URL" not in env.PROBLEMS:
        problems.append(
            Error(
                "ENGAGE_BASE_URL is missing: set it to https://YOUR-CLIENT.voyado.com.",
                id="engage_portal.E002",
            )
        )
    if not settings.ENGAGE_API_KEY:
        problems.append(
            Error("ENGAGE_API_KEY is missing: Engage refuses calls without it.", id="engage_portal.E003")
        )
    return problems


@register(CONFIGURATION)
def production_is_safe(**_kwargs: Any) -> list[CheckMessage]:
    """Outside development: a real key, no plain HTTP to Engage, no mail on a page."""
    if settings.DEBUG:
        return []
    problems: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < _SHORTEST_KEY and "SECRET_KEY" not in env.PROBLEMS:
        problems.append(
            Error("SECRET_KEY is too short: use at least 50 random characters.", id="engage_portal.E004")
        )
    if settings.ENGAGE_BASE_URL.startswith("http://"):
        problems.append(
            Error("ENGAGE_BASE_URL must begin with https:// unless DEBUG is on.", id="engage_portal.E005")
        )
    if settings.EMAIL_BACKEND.endswith("DemoMailbox"):
        problems.append(Error("EMAIL_URL must not be demo: unless DEBUG is on.", id="engage_portal.E006"))
    return problems


@register(CONFIGURATION)
def tasks_cannot_overlap(**_kwargs: Any) -> list[CheckMessage]:
    """django-q2 hands a task out again after `retry`, so that has to be later than any task can still run."""
    cluster = settings.Q_CLUSTER
    floor = (cluster["queue_limit"] / cluster["workers"] + 2) * cluster["timeout"]
    if cluster["retry"] < floor:
        return [Error(f"Q_CLUSTER retry must be at least {floor:.0f} seconds.", id="engage_portal.E007")]
    return []


def refuse_bad_configuration() -> None:
    """End the process with status 4 and one sentence per problem; for servers that run no system checks."""
    problems = [check for check in run_checks(tags=[CONFIGURATION]) if check.level >= ERROR]
    if problems:
        sys.stderr.write(
            "Engage Portal does not start:\n" + "".join(f"  {check.msg}\n" for check in problems)
        )
        raise SystemExit(4)
