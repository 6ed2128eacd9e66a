"""Files of others are the ones that were published, unchanged and with their licence."""

import hashlib
import json
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

STATIC = settings.BASE_DIR / "engage_portal" / "static"
VENDORED = json.loads((STATIC / "VENDORED.json").read_text())


@pytest.mark.parametrize("entry", VENDORED, ids=lambda entry: entry["name"])
def test_a_vendored_file_is_what_was_published(entry):
    content = (STATIC / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["version"] in content.decode()


@pytest.mark.parametrize("entry", VENDORED, ids=lambda entry: entry["name"])
def test_a_vendored_file_comes_with_its_licence(entry):
    assert entry["licence"] == "MIT"
    assert "MIT License" in (STATIC / entry["licence_file"]).read_text()


def test_every_vendored_file_is_listed():
    listed = {name for entry in VENDORED for name in (entry["file"], entry["licence_file"])}
    found = {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").rglob("*") if path.is_file()}
    assert found == listed


def test_our_styles_name_no_other_host():
    for path in (STATIC / "css").glob("*.css"):
        assert not re.search(r"https?://|@import|url\(", path.read_text()), path.name


def test_every_static_file_that_a_template_names_exists():
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        for name in re.findall(r"\{% static '([^']+)' %\}", path.read_text()):
            assert finders.find(name), (path.name, name)


def test_htmx_comes_with_its_package():
    assert finders.find("django_htmx/htmx-2.min.js")
