"""Where values come from: `.env` in development only; every variable is documented, and nothing else is."""

import re
import shutil

import pytest

from engage_portal import env
from tests.settings_checks.starting import ROOT, run

SHOW = "import engage_portal.settings as s; print(s.ENGAGE_SOURCE, s.DEBUG)"


@pytest.fixture
def copy(tmp_path):
    """A checkout with a `.env` of its own."""
    shutil.copytree(
        ROOT / "engage_portal", tmp_path / "engage_portal", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / ".env").write_text("DEBUG=true\nENGAGE_SOURCE=FromTheFile\n")
    return tmp_path


def test_the_file_is_read_in_development(copy):
    ended = run(["-c", SHOW], copy, cwd=copy, SECRET_KEY=None)
    assert ended.stdout.split() == ["FromTheFile", "True"], ended.stderr


@pytest.mark.parametrize("key", ["k" * 60, ""])
def test_the_file_is_never_read_where_the_environment_has_a_secret_key(copy, key):
    ended = run(["-c", SHOW], copy, cwd=copy, SECRET_KEY=key)
    assert ended.stdout.split() == ["EngagePortal", "False"], ended.stderr


def test_the_environment_goes_before_the_file(copy):
    ended = run(["-c", SHOW], copy, cwd=copy, SECRET_KEY=None, ENGAGE_SOURCE="FromOutside")
    assert ended.stdout.split() == ["FromOutside", "True"], ended.stderr


def test_development_makes_up_a_key_and_production_does_not(copy):
    show = "import engage_portal.settings as s; print(len(s.SECRET_KEY) >= 50, sorted(s.env.PROBLEMS))"
    assert run(["-c", show], copy, cwd=copy, SECRET_KEY=None).stdout.split() == ["True", "[]"]
    (copy / ".env").unlink()
    assert "['SECRET_KEY']" in run(["-c", show], copy, cwd=copy, SECRET_KEY=None).stdout


def table(text: str) -> list[str]:
    """The names in a table's first cells, such as | `PORT` | …."""
    return re.findall(r"^\|\s*`([A-Z][A-Z0-9_]+)`\s*\|", text, re.MULTILINE)


def test_names_are_asked_for_once():
    assert len(env.NAMES) == len(set(env.NAMES))


def test_every_variable_stands_in_the_readmes_table_and_no_other():
    named = table((ROOT / "README.md").read_text())
    assert sorted(named) == sorted(env.NAMES)


def test_every_variable_stands_in_the_example_file_and_no_other():
    lines = (ROOT / ".env.example").read_text()
    assert sorted(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", lines, re.MULTILINE)) == sorted(env.NAMES)


def test_the_example_file_starts_a_development_server(copy):
    (copy / ".env").write_text((ROOT / ".env.example").read_text())
    show = "import engage_portal.settings as s; print(s.DEBUG, s.env.PROBLEMS)"
    ended = run(
        ["-c", show],
        copy,
        cwd=copy,
        SECRET_KEY=None,
        ENGAGE_BASE_URL=None,
        ENGAGE_API_KEY=None,
        ALLOWED_HOSTS=None,
    )
    assert ended.stdout.split() == ["True", "{}"], ended.stderr
