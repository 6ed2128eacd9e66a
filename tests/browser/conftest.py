"""A real browser: the system's Chromium, driven by Playwright, on the live server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.pages.people import *  # noqa: F403
from tests.pages.people import signed_in

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 60_000
"""Milliseconds: the gate's parts share two cores."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Playwright's loop runs in the test's own thread, and Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """The browser, one per test process."""
    if not CHROMIUM.exists():
        pytest.skip(
            f"BROWSER TESTS DID NOT RUN: {CHROMIUM} is not installed (Debian: apt-get install chromium)"
        )
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, live_server) -> Iterator:
    """Opens a page: `visit("/me/", user=…)`; whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def open_page(path, *, user=None, width=1280, javascript=True, user_agent=None):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=javascript, base_url=live_server.url
        )
        contexts.append(context)
        if user is not None:
            key = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}]
            )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _note_foreign(request.url, live_server.url, complaints))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _note_foreign(url: str, home: str, complaints: list[str]) -> None:
    if not url.startswith((home, "data:")):
        complaints.append(f"asked another host: {url}")
