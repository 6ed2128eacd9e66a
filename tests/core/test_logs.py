"""What every process writes: one line per event, and nobody in it."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from engage_portal.core.logs import logging_config

PERSONAL = ("anna@example.com", "anna%40example.com", "+46735654321", "%2B46735654321", "19860412-2387")


@pytest.fixture
def lines(monkeypatch) -> Iterator[Callable[[], list[dict]]]:
    """What was logged in production's form; the configuration of the tests comes back afterwards."""
    written = io.StringIO()
    logging_config(debug=False)
    (handler,) = logging.getLogger().handlers
    monkeypatch.setattr(handler, "stream", written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging_config(debug=False, quiet=True)


def test_one_event_is_one_line_of_json_with_its_time(lines):
    structlog.get_logger("portal.test").info("receipt recorded", item=7)
    (line,) = lines()
    assert (line["event"], line["item"], line["level"], line["logger"]) == (
        "receipt recorded",
        7,
        "info",
        "portal.test",
    )
    assert line["timestamp"].endswith("Z")


def test_a_text_with_line_breaks_stays_one_line(lines):
    structlog.get_logger("portal.test").info("first\nsecond", reason="a\r\nb")
    assert len(lines()) == 1


@pytest.mark.parametrize("text", PERSONAL)
def test_nothing_personal_is_written_whatever_the_way(lines, text):
    log = structlog.get_logger("portal.test")
    in_the_event = f"refused {text}"
    log.warning(in_the_event)
    log.warning("refused", reason=f"because of {text}!")
    log.warning("refused %s", text)
    logging.getLogger("a.library").warning("GET /x?key=%s failed", text)
    logging.getLogger("a.library").warning(in_the_event)
    logging.getLogger("a.library").warning("failed", extra={"address": text})
    try:
        float(f"cannot read {text}")
    except ValueError:
        log.exception("it broke")
        logging.getLogger("a.library").exception("it broke")
    assert len(lines()) == 8
    shown = json.dumps([{**line, "timestamp": ""} for line in lines()])  # its digits may be anything
    assert text not in shown
    assert "example.com" not in shown
    assert "5654321" not in shown
    assert "0412" not in shown


@pytest.mark.parametrize("name", ["httpx", "httpcore", "django-q"])
def test_libraries_that_tell_too_much_are_kept_quiet(lines, name):
    logging.getLogger(name).info("GET https://engage/api/v3/contacts/id?email=anna%40example.com")
    assert lines() == []
    logging.getLogger(name).warning("something is wrong")
    assert name == "django-q" or len(lines()) == 1


def test_djangos_own_lines_about_requests_are_not_written(lines):
    """They hold the whole address; our own line says the same without it."""
    logging.getLogger("django.request").warning("Not Found: /x?email=anna@example.com")
    logging.getLogger("django.server").info('"GET /x?email=anna@example.com HTTP/1.1" 200')
    assert lines() == []


def test_configuring_twice_does_not_write_twice(lines):
    logging_config(debug=False)
    assert len(logging.getLogger().handlers) == 1


def test_ids_and_times_are_kept_as_they_are(lines):
    guid = "430d3329-7eef-45c0-87f9-ae9300a0dace"
    structlog.get_logger("portal.test").info("linked", contact=guid, duration_ms=12345678.9, status=200)
    (line,) = lines()
    assert (line["contact"], line["duration_ms"], line["status"]) == (guid, 12345678.9, 200)


def test_in_tests_only_warnings_are_written(lines):
    logging_config(debug=False, quiet=True)
    assert logging.getLogger().level == logging.WARNING
