"""A missing or senseless value stops the start with one clear sentence that names the variable."""

import json
import subprocess
import sys

import pytest

from tests.settings_checks.starting import ROOT, environment, run

# One process for the lot: what they share is started once.
pytestmark = pytest.mark.xdist_group("settings")

BAD = [
    ("SECRET_KEY", "", "is missing"),
    ("SECRET_KEY", "short", "too short"),
    ("DEBUG", "perhaps", "senseless"),
    ("ALLOWED_HOSTS", "", "empty"),
    ("ALLOWED_HOSTS", "https://portal.example.com", "host names"),
    ("ALLOWED_HOSTS", "portal.example.com:8000", "host names"),
    ("PORT", "http", "senseless"),
    ("PORT", "0", "senseless"),
    ("PORT", "70000", "senseless"),
    ("DATABASE_URL", "mysql://u:p@h/n", "must be"),
    ("DATABASE_URL", "nonsense", "must be"),
    ("DATABASE_URL", "sqlite://", "must be"),
    ("DATABASE_URL", "sqlite://:memory:", "must be"),
    ("DATABASE_URL", "postgres://localhost", "must be"),
    ("DATABASE_URL", "postgres://u:p@h:port/n", "must be"),
    ("DATABASE_URL", "sqlite:////dev/null/x.sqlite3", "folder"),
    ("REDIS_URL", "localhost:6379", "must be"),
    ("REDIS_URL", "http://localhost", "must be"),
    ("REDIS_URL", "redis://localhost:port", "must be"),
    ("ENGAGE_BASE_URL", "", "missing"),
    ("ENGAGE_BASE_URL", "acme.voyado.com", "must be"),
    ("ENGAGE_BASE_URL", "ftp://acme.voyado.com", "must be"),
    ("ENGAGE_BASE_URL", "https://", "must be"),
    ("ENGAGE_BASE_URL", "https://acme.voyado.com:x", "must be"),
    ("ENGAGE_BASE_URL", "https://[acme", "must be"),
    ("ENGAGE_BASE_URL", "https://user:secret@acme.voyado.com", "credentials"),
    ("ENGAGE_BASE_URL", "https://acme.voyado.com/?key=1", "query"),
    ("ENGAGE_BASE_URL", "http://acme.voyado.com", "https://"),
    ("ENGAGE_API_KEY", "", "missing"),
    ("ENGAGE_API_KEY", "nyckel-å", "ASCII"),
    ("ENGAGE_API_KEY", "a\nb", "ASCII"),
    ("ENGAGE_USER_AGENT", "", "empty"),
    ("ENGAGE_USER_AGENT", "Kassa å", "ASCII"),
    ("ENGAGE_LEVEL", "5", "senseless"),
    ("ENGAGE_LEVEL", "four", "senseless"),
    ("RECEIPT_STORES", "no", "must be one of"),
    ("RECEIPT_SUMS", "no", "must be one of"),
    ("RECEIPT_TOLERANCE", "-1", "senseless"),
    ("RECEIPT_TOLERANCE", "a cent", "senseless"),
    ("ENGAGE_KEY", "phone", "must be one of"),
    ("ENGAGE_NUMBER_PREFIX", "EP 1", "letters"),
    ("ENGAGE_NUMBER_PREFIX", "7", "digit"),
    ("ENGAGE_SYNC_MINUTES", "often", "senseless"),
    ("ENGAGE_WEBHOOK_SECRET", "s3cret!", "Svix"),
    ("ENGAGE_EXPORT_FOLDER", "/nowhere/at/all", "exists"),
    ("ENGAGE_EXPORT_SPOOL", "/etc/passwd", "folder"),
    ("ENGAGE_SOURCE", "s" * 61, "at most 60 characters"),
    ("SPOOL_MAX_RECORDS", "20001", "20000"),
    ("ENGAGE_FILE_PROFILE", "/nowhere/names.toml", "cannot be read"),
    ("ENGAGE_FILE_PROFILE", "/etc/passwd", "not TOML"),
    ("SFTP_URL", "ftp://user@host/folder", "must be"),
    ("SFTP_DELETE", "perhaps", "senseless"),
    ("SFTP_DIRECT_UPLOAD", "perhaps", "senseless"),
    ("DROPBOX_FOLDER", "/nowhere/dropbox", "must be a folder that exists"),
    ("ENGAGE_UPGRADE_ON_SIGN_IN", "perhaps", "senseless"),
    ("PHONE_REGION", "Sweden", "country"),
    ("ENGAGE_RATE", "200", "senseless"),
    ("ENGAGE_RATE", "1", "senseless"),
    ("ENGAGE_RATE", "1.5", "senseless"),
    ("ENGAGE_READ_TIMEOUT", "0", "senseless"),
    ("ENGAGE_READ_TIMEOUT", "80", "at most 50"),
    ("ENGAGE_READ_TIMEOUT", "nan", "senseless"),
    ("ENGAGE_PROBE_SECONDS", "inf", "senseless"),
    ("PORTAL_TIME_BUDGET", "0", "senseless"),
    ("PORTAL_TIME_BUDGET", "1s", "senseless"),
    ("SNAPSHOT_FRESH_SECONDS", "-1", "senseless"),
    ("OUTBOX_WAITS", "", "growing"),
    ("OUTBOX_WAITS", "60,10", "growing"),
    ("OUTBOX_WAITS", "0,10", "growing"),
    ("OUTBOX_WAITS", "10;30", "senseless"),
    ("OUTBOX_GIVE_UP_DAYS", "0", "senseless"),
    ("METRICS_TOKEN", "fifteen-letters", "too short"),
    ("METRICS_TOKEN", "sixteen-letters-å", "ASCII"),
    ("EMAIL_URL", "mail.example.com", "must be"),
    ("EMAIL_URL", "submission://host:port", "must be"),
    ("EMAIL_URL", "demo:", "DEBUG"),
]
ALL_AT_ONCE = """
import contextlib, gc, importlib, json, os, sys
for name in (
    "django.core.management django.contrib.admin django.forms django.test django.urls environs httpx msgspec "
    "phonenumbers structlog tenacity pybreaker pyrate_limiter redis psutil psycopg fido2.server rest_framework "
    "cryptography.fernet jsonschema uritemplate yaml inflection dj_database_url dj_email_url whitenoise.responders"
).split():
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
gc.freeze()
cases = json.load(sys.stdin)
for number, case in enumerate(cases):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1); os.dup2(writer, 2)
        os.environ.clear(); os.environ.update(case)
        sys.argv = ["manage.py", "check", "--tag", "configuration"]
        from django.core.management import execute_from_command_line
        os.environ["DJANGO_SETTINGS_MODULE"] = "engage_portal.settings"
        try:
            execute_from_command_line(sys.argv)
        except SystemExit as ended:
            sys.stderr.flush(); sys.stdout.flush()
            os._exit(int(ended.code or 0))
        except BaseException:
            import traceback; traceback.print_exc(); sys.stderr.flush()
            os._exit(99)
        sys.stderr.flush(); sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    said = b""
    while part := os.read(reader, 65536):
        said += part
    os.close(reader)
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), said.decode()]), flush=True)
"""
"""Forks from a process that has Django imported already: fifty starts would take a minute. Other tests check in full."""


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> list[tuple[int, str]]:
    """`manage.py check` of the configuration with each bad value, and at last with none."""
    home = tmp_path_factory.mktemp("home")
    cases = [environment(home, **{name: value}) for name, value, _ in BAD] + [environment(home)]
    ended = subprocess.run(
        [sys.executable, "-c", ALL_AT_ONCE],
        input=json.dumps(cases),
        cwd=ROOT,
        env={**environment(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=540,
        check=True,
    )
    return [tuple(json.loads(line)) for line in ended.stdout.splitlines()]


@pytest.mark.parametrize("number", range(len(BAD)), ids=[f"{name}={value!r}" for name, value, _ in BAD])
def test_check_names_the_variable_in_one_sentence(checked, number):
    name, value, words = BAD[number]
    status, said = checked[number]
    assert status == 1, said
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if "(engage_portal.E" in line]
    assert len(lines) == 1, said
    assert name in lines[0]
    assert words in lines[0]
    assert lines[0].rstrip().endswith(".")
    if len(value) > 6 and "SECRET" in value.upper():
        assert value not in said


def test_check_is_silent_with_sound_values(checked):
    status, said = checked[-1]
    assert status == 0, said
    assert "no issues" in said


def test_no_sentence_repeats_a_secret(checked):
    said = " ".join(text for _, text in checked)
    for secret in ("some-key", "nyckel-å", "user:secret", "u:p@h", "k" * 60):
        assert secret not in said


def test_the_whole_check_is_silent_with_sound_values(tmp_path):
    ended = run(["manage.py", "check"], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_all_mistakes_are_told_at_once(tmp_path):
    ended = run(
        ["manage.py", "check"], tmp_path, ENGAGE_RATE="x", ENGAGE_LEVEL="9", SECRET_KEY=None, REDIS_URL="?"
    )
    assert ended.returncode == 1
    for name in ("ENGAGE_RATE", "ENGAGE_LEVEL", "SECRET_KEY", "REDIS_URL"):
        assert ended.stderr.count(f"{name} ") == 1, ended.stderr


def test_migrate_does_not_run_on_another_database_by_accident(tmp_path):
    ended = run(["manage.py", "migrate"], tmp_path, DATABASE_URL="postgers://localhost/x")
    assert ended.returncode == 1
    assert "DATABASE_URL" in ended.stderr
    assert "Applying" not in ended.stdout


@pytest.mark.parametrize("module", ["engage_portal.wsgi", "engage_portal.asgi"])
def test_a_server_does_not_load_with_a_bad_value(tmp_path, module):
    ended = run(["-c", f"import {module}"], tmp_path, ENGAGE_RATE="x", ENGAGE_API_KEY=None)
    assert ended.returncode == 4
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "Engage Portal does not start:",
        "  ENGAGE_RATE has a senseless value: Not a valid integer.",
        "  ENGAGE_API_KEY is missing: Engage refuses calls without it.",
    ]


def test_gunicorn_ends_with_the_sentence_and_no_traceback(tmp_path):
    ended = run(
        ["-m", "gunicorn", "--bind", "127.0.0.1:0", "engage_portal.wsgi"], tmp_path, OUTBOX_WAITS="60,10"
    )
    assert ended.returncode == 4
    assert "OUTBOX_WAITS has a senseless value: must be a list of growing seconds" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_worker_does_not_start_with_a_bad_value(tmp_path):
    ended = run(["manage.py", "worker"], tmp_path, ENGAGE_LEVEL="0")
    assert ended.returncode == 1
    assert "ENGAGE_LEVEL" in ended.stderr
    assert "Traceback" not in ended.stderr
