"""Who may open which staff page: roles by address."""

import pytest
from django.test import Client

from engage_portal.accounts.models import User
from engage_portal.outbox import pauses
from engage_portal.outbox.models import Event
from engage_portal.outbox.states import State
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db

LOOK = [
    "/staff/",
    "/staff/?live",
    "/staff/queue/",
    "/staff/queue/live/",
    "/staff/queue/1/",
    "/staff/pauses/",
    "/staff/trust/",
    "/staff/outages/",
    "/staff/outages/1/",
]
OWN = ["/staff/security/", "/staff/security/password/", "/staff/security/codes/"]


@pytest.fixture
def browsers(alice):
    building.item(pk=1, state=State.ATTENTION)
    building.outage(pk=1)
    return {
        "nobody": Client(),
        "customer": signed_in(building.customer(alice)),
        "till": signed_in(User.objects.create_user("till-1")),
        "staff without permission": signed_in(building.staff("nils")),
        "staff who may look": signed_in(building.staff("vera", "view_item")),
        "staff who may look and send": signed_in(building.staff("sam", "view_item", "retry_item")),
        "staff who may only send": signed_in(building.staff("rita", "retry_item")),
        "staff who may look and cancel": signed_in(building.staff("carl", "view_item", "cancel_item")),
        "staff who may look and pause": signed_in(building.staff("paula", "view_item", "pause_items")),
        "customer with permissions": signed_in(
            _with_permissions(building.customer(building.contact_called("Mia", "M")))
        ),
        "administrator": signed_in(User.objects.create_superuser("root", password=building.PASSWORD)),
    }


def _with_permissions(user: User) -> User:
    permissions = ("view_item", "retry_item", "cancel_item", "pause_items")
    user.user_permissions.set(building.staff("template", *permissions).user_permissions.all())
    return user


@pytest.mark.parametrize("path", LOOK)
def test_who_may_look(browsers, path):
    answers = {who: browser.get(path).status_code for who, browser in browsers.items()}
    assert answers == {
        "nobody": 302,
        "customer": 403,
        "till": 403,
        "staff without permission": 403,
        "staff who may look": 200,
        "staff who may look and send": 200,
        "staff who may only send": 403,
        "staff who may look and cancel": 200,
        "staff who may look and pause": 200,
        "customer with permissions": 403,
        "administrator": 200,
    }


@pytest.mark.parametrize("path", OWN)
def test_every_staff_member_may_look_after_their_own_sign_in(browsers, path):
    for who, browser in browsers.items():
        code = browser.get(path).status_code
        staff = who.startswith("staff") or who == "administrator"
        assert (code == 403) == (who in {"customer", "till", "customer with permissions"}), who
        assert not staff or code in {200, 302, 404}, who


def test_who_may_send_again(browsers):
    for who, browser in browsers.items():
        stopped = building.item(state=State.ATTENTION)
        before = Event.objects.count()
        answer = browser.post("/staff/queue/retry/", {"item": [str(stopped.pk)], "confirmed": "1"})
        may = who in {"staff who may look and send", "staff who may only send", "administrator"}
        assert answer.status_code == (302 if may or who == "nobody" else 403), who
        assert (Event.objects.count() > before) == may, who
        if who == "nobody":
            assert answer["Location"].startswith("/staff/sign-in/")


@pytest.mark.parametrize("form", [{}, {"reason": "Registered by hand.", "confirmed": "1"}])
def test_who_may_cancel(browsers, form):
    for who, browser in browsers.items():
        stopped = building.item(state=State.ATTENTION)
        answer = browser.post("/staff/queue/cancel/", {"item": [str(stopped.pk)], **form})
        may = who in {"staff who may look and cancel", "administrator"}
        done = 302 if form else 200
        assert answer.status_code == (done if may else 302 if who == "nobody" else 403), who
        stopped.refresh_from_db()
        assert (stopped.state == State.CANCELLED) == (may and bool(form)), who
        assert stopped.events.exists() == (may and bool(form)), who


def test_who_may_pause_and_let_go_on(browsers):
    for who, browser in browsers.items():
        may = who in {"staff who may look and pause", "administrator"}
        status = 302 if may or who == "nobody" else 403
        paused = browser.post("/staff/pauses/start/", {"store": "101", "reason": "A flood."})
        assert paused.status_code == status, who
        assert pauses.running().filter(store="101").exists() == may, who
        running = pauses.running().first() or pauses.pause(by="root", reason="A flood.")
        assert browser.post(f"/staff/pauses/{running.pk}/end/").status_code == status, who
        assert pauses.running().filter(pk=running.pk).exists() != may, who
        pauses.resume(by="root", pauses=pauses.running())


@pytest.mark.parametrize(
    ("path", "button", "who_sees_it"),
    [
        ("/staff/queue/", "Send again", "staff who may look and send"),
        ("/staff/queue/1/", "Send again", "staff who may look and send"),
        ("/staff/queue/", "Cancel the chosen…", "staff who may look and cancel"),
        ("/staff/queue/1/", "Cancel…", "staff who may look and cancel"),
        ("/staff/pauses/", "Pause the queue", "staff who may look and pause"),
    ],
)
def test_a_button_is_seen_by_those_who_may_press_it(browsers, path, button, who_sees_it):
    lookers = [who for who in browsers if who.startswith("staff who may look")]
    assert [who for who in lookers if button in browsers[who].get(path).text] == [who_sees_it]


@pytest.mark.parametrize("path", LOOK)
def test_looking_changes_nothing_and_takes_no_form(browsers, path):
    assert browsers["staff who may look and send"].post(path).status_code == 405


@pytest.mark.parametrize(
    "path", ["queue/retry/?item=1", "queue/cancel/?item=1", "pauses/start/", "pauses/1/end/"]
)
def test_acting_is_never_a_link(browsers, path):
    assert browsers["administrator"].get(f"/staff/{path}").status_code == 405
