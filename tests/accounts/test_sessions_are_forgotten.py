"""Ended sessions hold addresses and used codes: they go."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from engage_portal.accounts.tasks import forget_sessions
from engage_portal.core import clock


@pytest.mark.django_db
def test_ended_sessions_go_and_others_stay():
    ended, going_on = SessionStore(), SessionStore()
    for session in (ended, going_on):
        session["email"] = "anna@example.com"
        session.save()
    Session.objects.filter(pk=ended.session_key).update(expire_date=clock.now() - timedelta(minutes=1))
    forget_sessions()
    assert [session.pk for session in Session.objects.all()] == [going_on.session_key]


@pytest.mark.django_db
def test_it_is_scheduled_every_day():
    from django_q.models import Schedule

    assert Schedule.objects.get(func="engage_portal.accounts.tasks.forget_sessions").schedule_type == "D"
