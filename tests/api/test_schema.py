"""The OpenAPI description: clean, complete, and a page that needs no other host."""

import re
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from rest_framework.test import APIClient

from tests.api.talking import ROUTES

URL = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?(?:https?:)?//""", re.IGNORECASE)


@pytest.fixture(scope="module")
def schema() -> dict:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def test_the_description_is_valid_without_a_warning(schema):
    assert schema["openapi"].startswith("3.")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_operation_is_described_with_its_key_and_its_errors(schema, method, path):
    plain = re.sub(r"/(\d+|[0-9a-f-]{36})(?=/|$)", "/{}", path.partition("?")[0])
    found = {re.sub(r"\{\w+\}", "{}", known): methods for known, methods in schema["paths"].items()}
    operation = found[plain][method]
    assert operation["security"] == [{"apikey": []}]
    assert {"400", "401", "403", "404", "409", "422", "503"} <= set(operation["responses"])
    assert operation["operationId"]
    assert operation["description"]


def test_names_on_the_wire_are_camel_case(schema):
    text = yaml.safe_dump(schema["paths"]) + yaml.safe_dump(schema.get("components", {}).get("schemas", {}))
    names = re.findall(r"^\s*(\w+_\w+):", text, re.MULTILINE)
    assert not names


@pytest.mark.django_db
def test_schema_and_page_answer_without_a_key_and_name_no_other_host():
    client = APIClient()
    assert client.get("/api/schema").status_code == 200
    page = client.get("/api/docs")
    script = client.get("/api/docs?script=")
    for answer in (page, script):
        assert answer.status_code == 200
        assert not URL.search(answer.content.decode())
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"].partition("style-src")[0]
    assert "'unsafe-inline'" not in client.get("/sign-in/").headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page.content.decode())


@pytest.mark.django_db
def test_the_pages_files_are_served_from_here():
    page = APIClient().get("/api/docs").content.decode()
    files = [path for path in re.findall(r'(?:src|href)="([^"]+)"', page) if path.startswith("/static/")]
    assert len(files) >= 3
    for path in files:
        answer = APIClient().get(path)
        assert answer.status_code == 200, path
        assert b"".join(answer.streaming_content)
        answer.close()
