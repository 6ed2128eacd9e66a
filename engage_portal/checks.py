"""System checks: bad configuration stops the start with one sentence that names the variable."""

import base64
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, register, run_checks

from engage_portal import env

CONFIGURATION = "configuration"
_SHORTEST_KEY = 50
_SHORTEST_TOKEN = 16
_LONGEST_SOURCE = 60
_ONE_SLICE = 20
"""Seconds that a task may need besides its last call: its time slice, connecting, and room to spare."""
_PREFIX = re.compile(r"[A-Za-z0-9-]{0,19}[A-Za-z-]", re.ASCII)
_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]")


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
def engage_can_be_called(**_kwargs: Any) -> list[CheckMessage]:
    """What goes into every call fits into an HTTP request; else each call would fail, one by one."""
    problems: list[CheckMessage] = []
    for name in ("ENGAGE_API_KEY", "ENGAGE_USER_AGENT"):
        value = getattr(settings, name)
        if value and not (value.isascii() and value.isprintable()):
            problems.append(Error(f"{name} must be plain visible ASCII.", id="engage_portal.E008"))
    if not settings.ENGAGE_USER_AGENT:
        problems.append(
            Error(
                "ENGAGE_USER_AGENT is empty: Engage wants a caller's name such as AcmePOS/1.5.",
                id="engage_portal.E009",
            )
        )
    parts = urlsplit(settings.ENGAGE_BASE_URL)
    if parts.query or parts.fragment or parts.username or parts.password:
        problems.append(
            Error("ENGAGE_BASE_URL must hold no credentials and no query.", id="engage_portal.E010")
        )
    return problems


@register(CONFIGURATION)
def hosts_are_names(**_kwargs: Any) -> list[CheckMessage]:
    """Django compares hosts by name: an address or a port there would refuse every request."""
    if not settings.ALLOWED_HOSTS and not settings.DEBUG:
        return [
            Error(
                "ALLOWED_HOSTS is empty: name the hosts that people and tills call.", id="engage_portal.E011"
            )
        ]
    odd = [host for host in settings.ALLOWED_HOSTS if not _HOST.fullmatch(host)]
    if not odd:
        return []
    return [
        Error(
            "ALLOWED_HOSTS must be host names without scheme, port or path, separated by commas.",
            id="engage_portal.E012",
        )
    ]


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
def metrics_are_guarded(**_kwargs: Any) -> list[CheckMessage]:
    """A token that is set cannot be guessed, and fits into a header."""
    token = settings.METRICS_TOKEN
    problems: list[CheckMessage] = []
    if token and len(token) < _SHORTEST_TOKEN:
        problems.append(
            Error("METRICS_TOKEN is too short: use at least 16 random characters.", id="engage_portal.E014")
        )
    if not (token.isascii() and token.isprintable()):
        problems.append(Error("METRICS_TOKEN must be plain visible ASCII.", id="engage_portal.E015"))
    return problems


@register(CONFIGURATION)
def contacts_can_be_recognised(**_kwargs: Any) -> list[CheckMessage]:
    """The region of phone numbers exists, the number series fits its column, and the webhook secret is Svix's."""
    problems: list[CheckMessage] = []
    if settings.PHONE_REGION not in phonenumbers.SUPPORTED_REGIONS:
        problems.append(Error("PHONE_REGION must be a country such as SE.", id="engage_portal.E016"))
    if not _PREFIX.fullmatch(settings.ENGAGE_NUMBER_PREFIX):
        problems.append(
            Error(
                "ENGAGE_NUMBER_PREFIX must be 1 to 20 letters, digits or hyphens, and not end in a digit.",
                id="engage_portal.E017",
            )
        )
    if settings.ENGAGE_WEBHOOK_SECRET and not _is_webhook_secret(settings.ENGAGE_WEBHOOK_SECRET):
        problems.append(
            Error(
                "ENGAGE_WEBHOOK_SECRET must be the signing secret that Svix shows, whsec_….",
                id="engage_portal.E018",
            )
        )
    return problems


@register(CONFIGURATION)
def source_can_be_kept(**_kwargs: Any) -> list[CheckMessage]:
    """Who brings contacts to Engage stands with each of them, and with each file."""
    if len(settings.ENGAGE_SOURCE) <= _LONGEST_SOURCE:
        return []
    return [Error(f"ENGAGE_SOURCE must have at most {_LONGEST_SOURCE} characters.", id="engage_portal.E065")]


@register(CONFIGURATION)
def exports_can_be_read(**_kwargs: Any) -> list[CheckMessage]:
    """The folders exist or can be made, and the file that describes the tenant's files can be used."""
    problems: list[CheckMessage] = []
    if settings.ENGAGE_EXPORT_FOLDER and not Path(settings.ENGAGE_EXPORT_FOLDER).is_dir():
        problems.append(Error("ENGAGE_EXPORT_FOLDER must be a folder that exists.", id="engage_portal.E030"))
    if not settings.ENGAGE_EXPORT_SPOOL or Path(settings.ENGAGE_EXPORT_SPOOL).is_file():
        problems.append(Error("ENGAGE_EXPORT_SPOOL must be a folder.", id="engage_portal.E031"))
    if settings.ENGAGE_FILE_PROFILE:
        from engage_portal.engage.xml import BadNamesError, profile_from  # noqa: PLC0415 - lxml only where it is used

        try:
            profile_from(Path(settings.ENGAGE_FILE_PROFILE))
        except BadNamesError as error:
            problems.append(Error(f"ENGAGE_FILE_PROFILE names a file that {error}.", id="engage_portal.E032"))
    return problems


@register(CONFIGURATION)
def sftp_can_be_used(**_kwargs: Any) -> list[CheckMessage]:
    """Where there is a server there is a user, something to log in with, and a key to know the server by."""
    if not settings.SFTP_URL:
        return []
    from engage_portal.fallback.dropbox.host_keys import host_key, key_file_problem  # noqa: PLC0415 - the same for paramiko

    problems: list[CheckMessage] = []
    parts = urlsplit(settings.SFTP_URL)
    if not parts.username or parts.password is not None or parts.query or parts.fragment:
        problems.append(
            Error(
                "SFTP_URL must be sftp://USER@HOST:PORT/FOLDER, without a password.", id="engage_portal.E033"
            )
        )
    try:
        host_key(settings.SFTP_HOST_KEY)
    except ValueError:
        problems.append(
            Error(
                "SFTP_HOST_KEY must be the server's public key, ssh-ed25519 AAAA…; "
                "`manage.py spool pin-host` shows it.",
                id="engage_portal.E034",
            )
        )
    if bool(settings.SFTP_PASSWORD) == bool(settings.SFTP_KEY_FILE):
        problems.append(
            Error("SFTP_URL needs either SFTP_PASSWORD or SFTP_KEY_FILE.", id="engage_portal.E035")
        )
    elif settings.SFTP_KEY_FILE and (problem := key_file_problem(settings.SFTP_KEY_FILE)):
        problems.append(Error(f"SFTP_KEY_FILE {problem}.", id="engage_portal.E036"))
    return problems


@register(CONFIGURATION)
def dropbox_is_one(**_kwargs: Any) -> list[CheckMessage]:
    """A folder as dropbox exists, and is the only one."""
    if not settings.DROPBOX_FOLDER:
        return []
    if settings.SFTP_URL:
        return [
            Error("DROPBOX_FOLDER and SFTP_URL are two dropboxes: set one of them.", id="engage_portal.E060")
        ]
    if not Path(settings.DROPBOX_FOLDER).is_dir():
        return [Error("DROPBOX_FOLDER must be a folder that exists.", id="engage_portal.E061")]
    return []


@register(CONFIGURATION)
def files_can_be_kept(**_kwargs: Any) -> list[CheckMessage]:
    """The folder of files for Engage can be used, and is nobody else's; the key is one."""
    if not (settings.SFTP_URL or settings.DROPBOX_FOLDER):
        return []
    from engage_portal.fallback.spool import folder, sealing  # noqa: PLC0415 - only where there is a dropbox

    problems: list[CheckMessage] = []
    if problem := folder.problem():
        problems.append(Error(f"SPOOL_FOLDER {problem}.", id="engage_portal.E041"))
    if _is_in_the_dropbox(settings.SPOOL_FOLDER):
        problems.append(
            Error(
                "SPOOL_FOLDER must not be in DROPBOX_FOLDER: Engage would import files that are not ready.",
                id="engage_portal.E066",
            )
        )
    if settings.SPOOL_KEY and (problem := sealing.problem_with(settings.SPOOL_KEY)):
        problems.append(Error(f"SPOOL_KEY {problem}.", id="engage_portal.E042"))
    return problems


def _is_in_the_dropbox(folder: str) -> bool:
    """Whether a folder is Engage's, or in it, by whatever name; all import folders are in there."""
    root = settings.DROPBOX_FOLDER
    return bool(root) and Path(folder).resolve().is_relative_to(Path(root).resolve())


def _is_webhook_secret(text: str) -> bool:
    try:
        return bool(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except ValueError:
        return False


@register(CONFIGURATION)
def tasks_cannot_overlap(**_kwargs: Any) -> list[CheckMessage]:
    """django-q2 hands a task out again after `retry`, so that has to be later than any task can still run."""
    cluster = settings.Q_CLUSTER
    floor = (cluster["queue_limit"] / cluster["workers"] + 2) * cluster["timeout"]
    if cluster["retry"] < floor:
        return [Error(f"Q_CLUSTER retry must be at least {floor:.0f} seconds.", id="engage_portal.E007")]
    return []


@register(CONFIGURATION)
def tasks_end_in_time(**_kwargs: Any) -> list[CheckMessage]:
    """A task that waits for Engage ends by itself before django-q2 kills it: a kill puts what it held in doubt."""
    most = (settings.Q_CLUSTER["timeout"] - _ONE_SLICE) / 2
    if most >= settings.ENGAGE_READ_TIMEOUT:
        return []
    return [Error(f"ENGAGE_READ_TIMEOUT must be at most {most:.0f} seconds.", id="engage_portal.E013")]


def refuse_bad_configuration() -> None:
    """End the process with status 4 and one sentence per problem; for servers that run no system checks."""
    found = [check for check in run_checks(tags=[CONFIGURATION]) if check.level >= ERROR]
    problems = sorted(found, key=lambda check: (check.id or "", check.msg))
    if problems:
        sys.stderr.write(
            "Engage Portal does not start:\n" + "".join(f"  {check.msg}\n" for check in problems)
        )
        raise SystemExit(4)
