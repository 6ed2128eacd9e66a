"""Who was deleted in Engage is forgotten here; who was restored comes back."""

from datetime import timedelta

import pytest

from contacts.following import listed
from contacts.following.reading import follow
from contacts.models import Contact, ToRefresh
from contacts.services import Asked, contact_delete
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from tests.api.talking import bring_up, take_down
from tests.following.at_engage import (
    ANNA,
    BENGT,
    age_changes,
    catch_up,
    change,
    create,
    delete,
    follow_now,
    gets,
    known,
    noted,
    refresh_now,
    restore,
)

pytestmark = pytest.mark.django_db


def is_forgotten(contact: Contact) -> bool:
    row = Contact.objects.get(pk=contact.pk)
    return row.deleted_at is not None and not row.snapshot and not row.email


def test_who_was_deleted_is_forgotten_before_any_other_call(engage):
    anna = known(engage)
    delete(engage)
    assert follow_now().deleted == 1
    assert is_forgotten(anna)
    assert gets(engage) == 0
    refresh_now()
    assert is_forgotten(anna)
    assert noted() == set()


def test_nobody_here_is_nobodys_business(engage):
    ebba = create(engage, "ebba@example.com")
    delete(engage, ebba)
    age_changes(engage, timedelta(minutes=1))
    done = follow_now()
    assert done.deleted == 0
    refresh_now()
    assert not Contact.objects.exists()


def test_who_was_restored_comes_back_although_no_list_says_so(engage):
    anna = known(engage)
    restore(engage, delete(engage))
    catch_up()
    row = Contact.objects.get(pk=anna.pk)
    assert (row.deleted_at, row.snapshot["city"]) == (None, "Stockholm")
    assert row.journal.filter(what="restored").exists()


def test_whom_we_know_from_after_the_deletion_stays_and_is_fetched(engage):
    was = delete(engage)
    age_changes(engage)
    restore(engage, was)
    anna = known(engage, as_of=clock.now())
    done = follow(until=clock.now() - timedelta(minutes=30))
    assert done.deleted == 0
    assert noted() == {anna.engage_contact_id}
    refresh_now()
    assert Contact.objects.get().deleted_at is None


def test_a_fetch_that_finds_nobody_forgets_too(engage):
    anna = known(engage)
    change(engage, city="Lund")
    follow_now()
    delete(engage)
    refresh_now()
    assert is_forgotten(anna)
    assert not ToRefresh.objects.exists()


def test_a_gateways_404_forgets_nobody(engage, monkeypatch):
    """Without Engage's code it may be a wrong host: the whole copy would be gone."""
    anna = known(engage)
    change(engage, city="Lund")
    follow_now()
    from engage_portal.engage import EngageClient, NotFound

    def nowhere(*_):
        raise NotFound("Not here.", status=404)

    monkeypatch.setattr(EngageClient, "get_contact", nowhere)
    assert refresh_now().failed == 1
    assert not is_forgotten(anna)
    assert ToRefresh.objects.get().tries == 1


def test_many_at_once_do_not_take_a_task_too_long(engage, monkeypatch):
    monkeypatch.setattr(listed, "_FORGOTTEN_AT_ONCE", 1)
    for contact_id in (ANNA, BENGT):
        known(engage, contact_id)
        delete(engage, contact_id)
    assert follow_now().deleted == 1
    refresh_now()
    assert all(map(is_forgotten, Contact.objects.all()))


def test_who_was_deleted_here_does_not_come_back_while_engage_does_not_know_it(engage):
    anna = known(engage)
    take_down(engage)
    deadline = Deadline.after(20)
    contact_delete(contact_id=anna.pk, source="test", asked=Asked(actor="test"), deadline=deadline)
    engage.engage.faults.clear()
    breaker.report([None])
    Item.objects.update(not_before=clock.now() + timedelta(hours=1))
    change(engage, city="Lund")
    catch_up()
    assert is_forgotten(anna)
    assert noted() == set()
    bring_up(engage)
    catch_up()
    assert is_forgotten(anna)
    assert str(ANNA) not in engage.engage.contacts


def test_is_read_twice_without_harm(engage):
    anna = known(engage)
    delete(engage)
    for _ in range(2):
        catch_up()
    assert is_forgotten(anna)
    assert Contact.objects.get().journal.filter(what="deleted").count() == 1
