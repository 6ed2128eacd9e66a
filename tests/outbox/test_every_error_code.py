"""Every error that Engage is known to answer a send with, and what the ledger then does: final, again, or done.

[api catalogue: developer.voyado.com, pages of find-contact, create-contact, redeem-a-promotion, vouchers; the rest is inferred]
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from engage_portal.api.keys import key_create
from engage_portal.outbox.models import EngageLine, Item
from engage_portal.outbox.states import State
from engage_portal.sandbox import seeds
from tests.api.fixtures import roomy, wire  # noqa: F401 - fixtures
from tests.api.talking import (
    ANNA,
    CONTACTS,
    RECEIPTS,
    bring_up,
    deliver_all,
    new_contact,
    redeem_path,
    take_down,
    voucher_path,
)
from tests.conftest import client_with, make_receipt

pytestmark = pytest.mark.django_db

FINAL, AGAIN, DONE = "final", "again", "done"
LOST = (500, "")
"""Nobody knows what became of it."""
CECILIA = f"{CONTACTS}/{seeds.CECILIA_ID}"


def signed_up(till):
    return till.post(CONTACTS, new_contact())


def moved_house(till):
    return till.patch(ANNA, {"city": "Kiruna"})


def upgraded(till):
    return till.post(f"{CECILIA}/updateContactType?contactTypeId=Member")


def left(till):
    return till.delete(ANNA)


def offer_used(till):
    return till.post(redeem_path(seeds.ANNA_MONEY_ID), {"redemptionChannel": "POS"})


def voucher_used(till):
    return till.post(voucher_path("redeem"), {})


def voucher_given_back(till):
    return till.post(voucher_path("reactivate"), {})


def sold(till):
    return till.post(RECEIPTS, make_receipt("101-1"))


SENDS = {
    "contact.create": (signed_up, r"POST /api/v3/contacts"),
    "contact.update": (moved_house, r"PATCH /api/v3/contacts/[^/]+"),
    "contact.change_type": (upgraded, r"POST /api/v3/contacts/[^/]+/updateContactType"),
    "contact.delete": (left, r"DELETE /api/v3/contacts/[^/]+"),
    "promotion.redeem": (offer_used, r"POST /api/v3/promotion-assignments/[^/]+/redeem"),
    "voucher.redeem": (voucher_used, r"POST /api/v3/reward-vouchers/[^/]+/redeem"),
    "voucher.reactivate": (voucher_given_back, r"POST /api/v3/reward-vouchers/[^/]+/reactivate"),
    "receipt.post": (sold, r"POST /api/v3/receipts"),
}
LOOK_UP = r"GET /api/v3/contacts/id"

EVERYWHERE = [
    (400, "", FINAL), (401, "", FINAL), (403, "", FINAL), (422, "ValidationError", FINAL),
    (408, "", AGAIN), (429, "", AGAIN), (500, "", AGAIN), (502, "", AGAIN), (503, "", AGAIN), (504, "", AGAIN),
    (302, "", AGAIN), (500, "InvalidSystemConfiguration", FINAL),
]  # fmt: skip
CATALOGUE = [
    ("contact.create", 400, "NoData", FINAL),
    ("contact.create", 409, "ApprovedContactWithKeyExists", AGAIN),
    ("contact.create", 409, "ContactWithKeyIsBeingCreated", AGAIN),
    ("contact.update", 404, "ContactNotFound", FINAL),
    ("contact.update", 409, "ApprovedContactWithKeyExists", FINAL),
    ("contact.change_type", 404, "ContactNotFound", FINAL),
    ("contact.change_type", 409, "ApprovedContactWithKeyExists", FINAL),
    ("contact.delete", 404, "ContactNotFound", DONE),
    ("promotion.redeem", 400, "NotAValidRedemptionChannel", FINAL),
    ("promotion.redeem", 400, "InvalidPromotionIdNoData", FINAL),
    ("promotion.redeem", 404, "PromotionNotFound", FINAL),
    ("promotion.redeem", 404, "PromotionNotAssociatedWithContact", FINAL),
    ("promotion.redeem", 409, "PromotionNotValidForRedemptionChannel", FINAL),
    ("promotion.redeem", 409, "PromotionAlreadyRedeemed", FINAL),
    ("promotion.redeem", 409, "PromotionExpired", FINAL),
    ("voucher.redeem", 400, "InvalidRewardVoucherId", FINAL),
    ("voucher.redeem", 404, "RewardVoucherNotFound", FINAL),
    ("voucher.redeem", 409, "RewardVoucherAlreadyRedeemed", FINAL),
    ("voucher.redeem", 409, "RewardVoucherExpired", FINAL),
    ("voucher.redeem", 504, "GatewayTimeout", AGAIN),
    ("voucher.reactivate", 400, "InvalidRewardVoucherId", FINAL),
    ("voucher.reactivate", 404, "RewardVoucherNotFound", FINAL),
    ("voucher.reactivate", 409, "RewardVoucherAlreadyActivated", DONE),
    ("voucher.reactivate", 406, "RewardVoucherAlreadyActivated", DONE),
    ("voucher.reactivate", 409, "RewardVoucherExpired", FINAL),
    ("voucher.reactivate", 409, "ReactivationLimitExceeded", FINAL),
    ("receipt.post", 400, "NoData", FINAL),
    ("receipt.post", 404, "ContactNotFound", AGAIN),
    ("receipt.post", 409, "MultipleMatches", FINAL),
    ("receipt.post", 418, "SomethingNew", FINAL),
]
THREE = ("contact.create", "promotion.redeem", "receipt.post")
"""One that is looked up by key, one by id, one that is simply repeated; `test_verdicts.py` has these for every kind."""
WALK = [(kind, *row) for kind in THREE for row in EVERYWHERE] + CATALOGUE
AFTER_A_LOST_ANSWER = [
    ("promotion.redeem", 409, "PromotionAlreadyRedeemed"),
    ("voucher.redeem", 409, "RewardVoucherAlreadyRedeemed"),
    ("voucher.reactivate", 409, "RewardVoucherAlreadyActivated"),
    ("contact.delete", 404, "ContactNotFound"),
]
LOOKED_UP = [
    (400, "InvalidEmailAddress", FINAL), (400, "InvalidPhoneNumber", FINAL), (400, "InvalidSearchQuery", FINAL),
    (400, "InvalidSocialSecurityNumber", FINAL),
    (400, "InvalidContactType", FINAL), (409, "MultipleMatches", FINAL), (404, "ContactNotFound", AGAIN),
    (500, "InvalidSystemConfiguration", FINAL), (500, "", AGAIN), (504, "", AGAIN),
]  # fmt: skip


@dataclass
class Scripted:
    """Engage, but for the first answers to one kind of request."""

    app: Any
    pattern: str = "nothing"
    answers: list[tuple[int, str]] = field(default_factory=list)
    asked: int = 0

    @property
    def engage(self):
        return self.app.engage

    def __call__(self, environ, start_response):
        said = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        if not re.fullmatch(self.pattern, said):
            return self.app(environ, start_response)
        self.asked += 1
        if not self.answers:
            return self.app(environ, start_response)
        status, code = self.answers.pop(0)
        body = (
            json.dumps({"errorCode": code, "message": "In Engage's words."}).encode() if code else b"<html>"
        )
        start_response(f"{status} Said", [("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def scripted(wire) -> Scripted:  # noqa: F811
    wire.app = Scripted(wire.app)
    return wire.app


@pytest.fixture
def till(engage, db):
    """A till that may do everything, and has seen everybody."""
    client = client_with(key_create(name="till-101-1", store="101", may_delete_contacts=True))
    for path in (ANNA, CECILIA):
        assert client.get(path).status_code == 200
    return client


def queued(till, engage, kind: str) -> Item:
    """Something that was accepted while Engage was away."""
    if kind == "voucher.reactivate":
        assert voucher_used(till).status_code == 200
    take_down(engage)
    assert SENDS[kind][0](till).status_code in {200, 202}
    return Item.objects.get(kind=kind, state=State.PENDING)


def settled(engage, item: Item) -> Item:
    bring_up(engage)
    EngageLine.objects.update(pace_tat=0)  # a pause that Engage asked for is over
    deliver_all()
    return Item.objects.get(pk=item.pk)


@pytest.mark.parametrize(("kind", "status", "code", "expected"), WALK)
def test_an_answer_is_final_or_tried_again_or_done(engage, scripted, till, kind, status, code, expected):
    item = queued(till, engage, kind)
    scripted.pattern, scripted.answers, scripted.asked = SENDS[kind][1], [(status, code)], 0
    item = settled(engage, item)
    if expected == FINAL:
        assert (item.state, scripted.asked) == (State.ATTENTION, 1)
        assert item.reason
        assert item.reason_code == (code or item.reason_code)
    elif expected == DONE:
        assert (item.state, scripted.asked) == (State.DELIVERED, 1)
    else:
        assert item.state in {State.DELIVERED, State.ACCEPTED}
        assert scripted.asked == 2


@pytest.mark.parametrize(("kind", "status", "code"), AFTER_A_LOST_ANSWER)
def test_already_done_after_our_own_lost_answer_is_done(engage, scripted, till, kind, status, code):
    item = queued(till, engage, kind)
    scripted.pattern, scripted.answers, scripted.asked = SENDS[kind][1], [LOST, (status, code)], 0
    item = settled(engage, item)
    assert (item.state, scripted.asked) == (State.DELIVERED, 2)


@pytest.mark.parametrize(("status", "code", "expected"), LOOKED_UP)
def test_what_the_look_up_before_a_creation_answers(engage, scripted, till, status, code, expected):
    item = queued(till, engage, "contact.create")
    scripted.pattern, scripted.answers = LOOK_UP, [(status, code)]
    item = settled(engage, item)
    assert item.state == (State.ATTENTION if expected == FINAL else State.DELIVERED)
    assert len(engage.engage.with_key("email", "erik@example.com")) == (expected == AGAIN)
