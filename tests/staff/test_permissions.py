"""Who may open which staff page: roles by address."""

import pytest
from django.test import Client

from engage_portal.accounts.models import User
from engage_portal.outbox.models import Event
from engage_portal.outbox.states import State
from tests.pages import building
from tests.pages.people import signed_in

pytestmark = pytest.mark.django_db

LOOK = ["/staff/", "/staff/?live", "/staff/queue/", "/staff/queue/live/", "/staff/queue/1/"]
OWN = ["/staff/security/", "/staff/security/password/", "/staff/security/codes/"]


@pytest.fixture
def browsers(alice):
    building.item(pk=1, state=State.ATTENTION)
    return {
        "nobody": Client(),
        "customer": signed_in(building.customer(alice)),
        "till": signed_in(User.objects.create_user("till-1")),
        "staff without permission": signed_in(building.staff("nils")),
        "staff who may look": signed_in(building.staff("vera", "view_item")),
        "staff who may look and send": signed_in(building.staff("sam", "view_item", "retry_item")),
        "staff who may only send": signed_in(building.staff("rita", "retry_item")),
        "customer with permissions": signed_in(
            _with_permissions(building.customer(building.contact_called("Mia", "M")))
        ),
        "administrator": signed_in(User.objects.create_superuser("root", password=building.PASSWORD)),
    }


def _with_permissions(user: User) -> User:
    user.user_permissions.set(building.staff("template", "view_item", "retry_item").user_permissions.all())
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
        answer = browser.post("/staff/queue/retry/", {"item": [str(stopped.pk)], "confirmed": "yes"})
        may = who in {"staff who may look and send", "staff who may only send", "administrator"}
        assert answer.status_code == (302 if may or who == "nobody" else 403), who
        assert (Event.objects.count() > before) == may, who
        if who == "nobody":
            assert answer["Location"].startswith("/staff/sign-in/")


def test_who_may_only_look_sees_no_buttons(browsers):
    for path in ("/staff/queue/", "/staff/queue/1/"):
        assert "Send again" not in browsers["staff who may look"].get(path).text
        assert "Send again" in browsers["staff who may look and send"].get(path).text


@pytest.mark.parametrize("path", LOOK)
def test_looking_changes_nothing_and_takes_no_form(browsers, path):
    assert browsers["staff who may look and send"].post(path).status_code == 405


def test_sending_again_is_never_a_link(browsers):
    assert browsers["staff who may look and send"].get("/staff/queue/retry/?item=1").status_code == 405
