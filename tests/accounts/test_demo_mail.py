"""In the demo mails are printed and kept on a page; everywhere else that page does not exist."""

import pytest
from django.core.mail import EmailMessage, get_connection

from engage_portal.accounts import mailbox

pytestmark = pytest.mark.django_db

BACKEND = "engage_portal.accounts.mailbox.DemoMailbox"


@pytest.fixture
def demo(settings):
    settings.DEBUG, settings.EMAIL_BACKEND = True, BACKEND


def send(subject="Hello", body="Some text"):
    EmailMessage(subject, body, to=["alice@example.com"], connection=get_connection(BACKEND)).send()


def test_a_mail_is_printed_and_stands_on_the_page(client, demo, capsys):
    send(body="Your code: <ABCD>")
    assert "Your code: <ABCD>" in capsys.readouterr().out
    page = client.get("/demo/mail/").text
    assert "alice@example.com" in page
    assert "Your code: &lt;ABCD&gt;" in page


def test_the_latest_twenty_are_kept_newest_first(demo):
    for number in range(25):
        send(subject=f"Mail {number}")
    assert [mail.subject for mail in mailbox.latest()] == [f"Mail {number}" for number in range(24, 4, -1)]


def test_an_empty_mailbox_says_so(client, demo):
    assert "No mail yet" in client.get("/demo/mail/").text


@pytest.mark.parametrize(
    ("debug", "backend"), [(False, BACKEND), (True, "django.core.mail.backends.locmem.EmailBackend")]
)
def test_the_page_does_not_exist_elsewhere(client, settings, debug, backend):
    settings.DEBUG, settings.EMAIL_BACKEND = debug, backend
    assert client.get("/demo/mail/").status_code == 404


def test_a_sign_in_code_can_be_read_there(client, demo, alice):
    client.post("/sign-in/", {"email": "alice@example.com"})
    assert "Your sign-in code for My Pages" in client.get("/demo/mail/").text
