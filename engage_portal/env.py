"""Reads the settings of the environment, once, and remembers what was wrong with them.

Nothing here raises: a bad value is replaced by its default and written to `PROBLEMS`, which `checks.py` turns
into one sentence per variable. So all mistakes are reported at once, and nothing starts with any of them.
"""

import os
import secrets
import zoneinfo
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url  # type: ignore[import-untyped]
import environs
from marshmallow import ValidationError
from marshmallow.validate import Range

BASE_DIR = Path(__file__).resolve().parent.parent

NAMES: list[str] = []
"""Every variable that was asked for, in order; the README's table is compared with it."""

PROBLEMS: dict[str, str] = {}
"""Variable → what is wrong with its value, as the end of a sentence that begins with the variable's name."""

FILES: list[Path] = []
"""The `.env` that was read, if one was."""

_SQLITE = "django.db.backends.sqlite3"
_env = environs.Env(eager=False)


def load_dotenv() -> None:
    """Read `.env` in development only: a process that is given a SECRET_KEY is a deployment and never reads it."""
    file = BASE_DIR / ".env"
    if "SECRET_KEY" not in os.environ and file.is_file():
        _env.read_env(str(file), recurse=False)
        FILES.append(file)


def _kept(name: str, value: Any, default: Any) -> Any:
    """The value, or its default where environs could not read it (it then stands in environs' own errors)."""
    NAMES.append(name)
    return default if value is None else value


def text(name: str, default: str = "") -> str:
    """A text without surrounding blanks."""
    return str(_kept(name, _env.str(name, default), default)).strip()


def secret_key(name: str, *, debug: bool) -> str:
    """Django's key. In development one is made up for this process; a deployment has to bring its own."""
    value = text(name)
    if not value and not debug:
        PROBLEMS[name] = "is missing: set it to at least 50 random characters"
    return value or secrets.token_urlsafe(50)


def flag(name: str, *, default: bool) -> bool:
    """A yes or no: true/false, yes/no, on/off, 1/0."""
    return bool(_kept(name, _env.bool(name, default), default))


def whole(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within bounds."""
    return int(_kept(name, _env.int(name, default, validate=Range(least, most)), default))


def seconds(name: str, default: float, *, least: float, most: float) -> float:
    """A number of seconds within bounds; fractions are allowed."""
    return float(_kept(name, _env.float(name, default, validate=Range(least, most)), default))


def one_of(name: str, default: str, choices: Sequence[str]) -> str:
    """One of a few words, exactly as written."""
    value = text(name, default)
    if value not in choices:
        PROBLEMS[name] = f"must be one of {', '.join(choices)}"
        return default
    return value


def amount(name: str, default: str, *, least: str, most: str) -> Decimal:
    """An amount of money within bounds, with its digits."""
    bounds = Range(Decimal(least), Decimal(most))
    value = _kept(name, _env.decimal(name, Decimal(default), validate=bounds), default)
    return Decimal(value)


def texts(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list of texts; empty entries do not count."""
    values = _kept(name, _env.list(name, list(default)), list(default))
    return [value.strip() for value in values if value.strip()]


def waits(name: str, default: Sequence[int]) -> tuple[int, ...]:
    """A comma-separated list of growing waits, in whole seconds."""

    def growing(values: Sequence[int]) -> None:
        if not values or min(values) < 1 or list(values) != sorted(values):
            raise ValidationError("must be a list of growing seconds such as 10,30,60,300")

    values = _kept(name, _env.list(name, list(default), subcast=int, validate=growing), default)
    return tuple(values)


def address(name: str, *, schemes: Sequence[str], default: str = "") -> str:
    """An address (URL) with one of the schemes, without a slash at its end; empty is allowed."""
    value = text(name, default).rstrip("/")
    if value and not _is_address(value, schemes):
        PROBLEMS[name] = f"must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}"
        return default
    return value


def _is_address(value: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and value.isprintable()
    except ValueError:  # a port that is no number, brackets that do not close
        return False


def zone(name: str, default: str) -> str:
    """A time zone by its IANA name."""
    value = text(name, default)
    if value not in zoneinfo.available_timezones():
        PROBLEMS[name] = "must be a time zone such as Europe/Stockholm"
        return default
    return value


def database(name: str, default: str) -> dict[str, Any]:
    """A database configuration from an address such as sqlite:///path or postgres://user:secret@host/name."""
    value = text(name, default)
    config: dict[str, Any] = {}
    with suppress(ValueError, KeyError):
        config = dict(dj_database_url.parse(value))
    is_known = config.get("ENGINE") in {_SQLITE, "django.db.backends.postgresql"}
    if not is_known or config.get("NAME") in {None, "", ":memory:"}:
        PROBLEMS[name] = "must be sqlite:///PATH or postgres://USER:PASSWORD@HOST:PORT/NAME"
    elif config["ENGINE"] == _SQLITE and not _has_folder(Path(str(config["NAME"]))):
        PROBLEMS[name] = "must be a file in a folder that exists or can be made"
    return config if name not in PROBLEMS else dict(dj_database_url.parse(default))


def _has_folder(file: Path) -> bool:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return not file.is_dir()


def email(name: str, default: str) -> dict[str, Any]:
    """How mail leaves: submission:// (STARTTLS), smtps://, smtp://, console:, or demo: (kept on a page)."""
    value = text(name, default)
    if value == "demo:":
        return {"EMAIL_BACKEND": "engage_portal.accounts.mailbox.DemoMailbox"}
    config: dict[str, Any] = {}
    with suppress(ValueError):
        config = dj_email_url.parse(value)
    if "EMAIL_BACKEND" not in config or not value.isprintable():
        PROBLEMS[name] = "must be an address such as submission://USER:PASSWORD@HOST:587, console: or demo:"
        return {}
    return {**config, "EMAIL_TIMEOUT": 5}


def finish() -> None:
    """Collect what environs found wrong. Call once, after the last variable is read."""
    try:
        _env.seal()
    except environs.EnvValidationError as error:
        found: Mapping[str, list[str]] = (
            error.error_messages if isinstance(error.error_messages, dict) else {}
        )
        for name, messages in found.items():
            PROBLEMS[name] = f"has a senseless value: {'; '.join(map(str, messages)).rstrip('.')}"
