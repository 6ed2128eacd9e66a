"""`manage.py contacts sync`: the copy is up to date, or it says why not."""

import signal
from datetime import timedelta

import pytest

from contacts.commands import patience, sync
from contacts.following import fetching, noting
from contacts.following.waking import READING, alone
from contacts.models import Contact, Feed, ToRefresh
from engage_portal.core import clock
from tests.api.talking import take_down
from tests.contacts_commands.running import contacts
from tests.following.at_engage import ANNA, age_changes, change, create, delete, gets, known
from tests.outbox.building import item

pytestmark = pytest.mark.django_db


def test_reads_and_fetches_until_nothing_is_left(engage):
    known(engage)
    create(engage, "ebba@example.com")
    change(engage, city="Lund")
    said = contacts("sync", "--json")
    assert said.code == 0
    assert said.document["fetched"] == 2
    assert (said.document["left"], said.document["message"]) == (0, "")
    assert Contact.objects.get(engage_contact_id=ANNA).snapshot["city"] == "Lund"


def test_says_it_in_words_without_a_name(engage):
    known(engage)
    change(engage, city="Lund")
    delete(engage, create(engage, "ebba@example.com"))
    said = contacts("sync")
    assert said.code == 0
    assert "changes listed" in said.out
    assert "example.com" not in said.out + said.err


def test_since_reads_again_what_was_read_before(engage):
    known(engage)
    contacts("sync")
    change(engage, city="Lund")
    age_changes(engage, timedelta(days=3))
    assert contacts("sync", "--json").document["fetched"] == 0
    day = (clock.now() - timedelta(days=4)).date().isoformat()
    assert contacts("sync", "--since", day, "--json").document["fetched"] == 1
    assert Contact.objects.get().snapshot["city"] == "Lund"
    assert Feed.objects.get(pk="Updated").read_until > clock.now() - timedelta(minutes=2)


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2999-01-01", ""])
def test_a_senseless_moment_is_bad_usage(since):
    said = contacts("sync", "--since", since)
    assert (said.code, said.out) == (1, "")  # 2 for a process
    assert "--since" in said.err


def test_an_engage_that_is_away_ends_it_with_one(engage):
    known(engage)
    take_down(engage)
    noting.note([ANNA], reason=noting.CHANGES)
    said = contacts("sync", "--json")
    assert said.code == 1
    assert said.document["left"] == 1
    assert "down" in said.err


def test_a_list_that_is_not_switched_on_ends_it_with_one_and_the_rest_is_done(engage):
    known(engage)
    engage.engage.configure(changes_status=403)
    noting.note([ANNA], reason=noting.CHANGES)
    said = contacts("sync", "--json")
    assert said.code == 1
    assert "(403)" in said.document["problem"]
    assert said.document["fetched"] == 1


def test_what_fails_is_said_and_stays(engage):
    noting.note([ANNA], reason=noting.CHANGES)
    engage.engage.faults.set("500", endpoint="GET /api/v3/contacts/{contactId}")
    said = contacts("sync")
    assert said.code == 1
    assert "tried again" in said.err
    assert ToRefresh.objects.get().tries == 1


def test_the_queue_goes_first_and_after_a_while_it_says_so(engage, monkeypatch):
    monkeypatch.setattr(patience, "_TURN_SECONDS", 0.5)
    item()
    noting.note([ANNA], reason=noting.CHANGES)
    said = contacts("sync")
    assert said.code == 1
    assert "queue goes first" in said.err
    assert gets(engage) == 0


def test_two_readers_do_not_read_at_once(engage, monkeypatch):
    monkeypatch.setattr(sync, "_OTHERS_SECONDS", 0.3)
    with alone(READING):
        said = contacts("sync")
    assert said.code == 1
    assert "Another process" in said.err
    assert contacts("sync").code == 0


def test_ctrl_c_ends_it_at_a_good_moment(engage, monkeypatch):
    item()  # keeps it waiting
    noting.note([ANNA], reason=noting.CHANGES)
    something_waits = fetching.something_waits
    monkeypatch.setattr(
        fetching, "something_waits", lambda: signal.raise_signal(signal.SIGINT) or something_waits()
    )
    said = contacts("sync")
    assert said.code == 1
    assert "Ended on request" in said.err
    assert ToRefresh.objects.get().not_before <= clock.now()
