"""`manage.py contacts verify`: which fields differ, and never what is in them."""

import pytest

from contacts.models import Contact, ToRefresh
from tests.api.talking import ANNA as ANNA_PATH
from tests.api.talking import take_down
from tests.contacts_commands.running import contacts
from tests.following.at_engage import ANNA, BENGT, change, delete, known, refresh_now

pytestmark = pytest.mark.django_db


def test_a_copy_that_is_as_engage_has_it_ends_with_zero(engage):
    known(engage)
    known(engage, BENGT)
    said = contacts("verify", "--json")
    assert said.code == 0
    assert (said.document["total"], said.document["alike"], said.document["fields"]) == (2, 2, {})


def test_what_differs_is_told_by_field_and_never_by_value(engage):
    known(engage)
    known(engage, BENGT)
    change(engage, city="Lund", preferences={"acceptsSms": True})
    change(engage, BENGT, city="Ystad")
    said = contacts("verify", "--all", "--json")
    assert said.code == 1
    assert said.document["differing"] == 2
    assert said.document["fields"]["city"] == 2
    assert said.document["fields"]["preferences.acceptsSms"] == 1
    words = contacts("verify")
    assert words.code == 1
    assert "city" in words.out
    for value in ("Lund", "Ystad", "Stockholm", "example.com"):
        assert value not in said.out + said.err + words.out + words.err
    assert not ToRefresh.objects.exists()


def test_who_is_missing_in_engage_is_counted(engage):
    known(engage)
    delete(engage)
    said = contacts("verify", "--json")
    assert said.code == 1
    assert said.document["missing"] == 1
    assert Contact.objects.get().deleted_at is None  # it only looks


def test_refresh_repairs(engage):
    known(engage)
    known(engage, BENGT)
    change(engage, city="Lund")
    delete(engage, BENGT)
    assert contacts("verify", "--refresh").code == 1
    refresh_now()
    assert contacts("verify", "--all").code == 0
    assert Contact.objects.get(engage_contact_id=ANNA).snapshot["city"] == "Lund"
    assert Contact.objects.get(engage_contact_id=BENGT).deleted_at is not None


def test_what_waits_here_is_no_difference(engage, till):
    from engage_portal.core import clock
    from engage_portal.outbox.line import breaker
    from engage_portal.outbox.models import Item

    known(engage, as_of=clock.now())
    take_down(engage)
    till.patch(ANNA_PATH, {"city": "Lund", "email": "anna.new@example.com"})
    Item.objects.all().delete()  # nothing may be in the way
    engage.engage.faults.clear()
    breaker.report([None])
    assert contacts("verify").code == 0


def test_of_a_part_only_what_is_kept_is_compared(engage, settings):
    settings.ENGAGE_COPY_FIELDS = ["keys"]
    from contacts.following import noting

    noting.note([ANNA], reason=noting.CHANGES)
    refresh_now()
    change(engage, city="Lund")
    assert contacts("verify").code == 0
    change(engage, mobilePhone="+46735654399")
    assert contacts("verify", "--json").document["fields"] == {"mobilePhone": 1}


def test_a_sample_is_as_large_as_asked(engage):
    known(engage)
    known(engage, BENGT)
    assert contacts("verify", "--sample", 1, "--json").document["total"] == 1


def test_an_engage_that_is_away_ends_it_with_one(engage):
    known(engage)
    take_down(engage)
    said = contacts("verify", "--json")
    assert said.code == 1
    assert (said.document["alike"], said.document["differing"]) == (0, 0)
    assert "not compared" in said.err
