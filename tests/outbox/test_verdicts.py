"""Error, kind and doubt → where the item goes, what its history says, and how long it waits."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from engage_portal.core import clock
from engage_portal.engage import (
    AuthFailed,
    Conflict,
    FieldError,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from engage_portal.outbox.delivery import claims
from engage_portal.outbox.delivery.recording import record
from engage_portal.outbox.delivery.verdicts import backoff, decide, refusal
from engage_portal.outbox.line.door import line_down
from engage_portal.outbox.models import Item, Outcome
from engage_portal.outbox.registry import CallBrokenError, Verdict
from engage_portal.outbox.states import State
from tests.outbox.building import fresh, item, outcomes_of, tried

DELETE = "contact.delete"
KINDS = (
    "contact.create", "contact.update", "contact.change_type", "contact.delete", "contact.identify",
    "receipt.post", "promotion.redeem", "voucher.redeem", "voucher.reactivate",
)  # fmt: skip
REDEEM = "POST /api/v3/promotion-assignments/{assignmentId}/redeem"
LOST = Unavailable("gone", may_have_taken_effect=True)
NEVER_LEFT = Unavailable("refused", may_have_taken_effect=False)
NOBODY = NotFound("none", status=404, error_code="ContactNotFound")
TAKEN = Conflict("taken", error_code="ApprovedContactWithKeyExists")
TWICE = Conflict("two", error_code="MultipleMatches")
USE_VOUCHER = "POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem"
REACTIVATE = "POST /api/v3/reward-vouchers/{rewardVoucherId}/reactivate"
VOUCHER_USED = Conflict("used", error_code="RewardVoucherAlreadyRedeemed", operation=USE_VOUCHER)
ACTIVE = Conflict("active", error_code="RewardVoucherAlreadyActivated", operation=REACTIVATE)
TOO_OFTEN = Conflict("enough", error_code="ReactivationLimitExceeded", operation=REACTIVATE)
REDEEMED = Conflict("used", error_code="PromotionAlreadyRedeemed", operation=REDEEM)


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    error: object
    state: str
    outcome: str
    code: str
    kinds: tuple[str, ...] = KINDS
    was_in_doubt: bool | None = None
    """None: whichever."""
    waits: str = "no"
    """no, backoff, or a number of seconds."""
    counts: bool = True
    looks_first: bool = False


TABLE = [
    Case(LOST, "in_doubt", "no_answer", "NoAnswer", waits="backoff", looks_first=True),
    Case(NEVER_LEFT, "pending", "not_sent", "NoAnswer", waits="backoff"),
    Case(Unavailable("x", status=500, may_have_taken_effect=True), "in_doubt", "no_answer", "NoAnswer",
         waits="backoff", looks_first=True),
    Case(Unavailable("x", status=504, may_have_taken_effect=True), "in_doubt", "no_answer", "NoAnswer",
         waits="backoff", looks_first=True),
    Case(RateLimited(retry_after=None), "pending", "slow_down", "RateLimited", waits="5", counts=False),
    Case(RateLimited(retry_after=42.0), "pending", "slow_down", "RateLimited", waits="42", counts=False),
    Case(line_down("not called"), "pending", "not_sent", "NoAnswer", counts=False),
    Case(Rejected("no", status=422, error_code="ValidationError"), "attention", "refused", "ValidationError"),
    Case(Rejected("no", status=400), "attention", "refused", "Rejected"),
    Case(NOBODY, "attention", "refused", "ContactNotFound",
         kinds=tuple(k for k in KINDS if k not in {DELETE, "receipt.post"})),
    # Whoever signs up elsewhere in the moment of the sale is there soon after.
    Case(NOBODY, "pending", "refused", "ContactNotFound", kinds=("receipt.post",), waits="backoff"),
    Case(NOBODY, "delivered", "refused", "ContactNotFound", kinds=(DELETE,)),
    Case(AuthFailed("", status=401), "attention", "refused", "Configuration"),
    Case(AuthFailed("", status=403, error_code="Forbidden"), "attention", "refused", "Forbidden"),
    Case(Misconfigured("", status=500, error_code="InvalidSystemConfiguration"), "attention", "refused",
         "InvalidSystemConfiguration"),
    Case(CallBrokenError("broken", may_have_taken_effect=True), "attention", "no_answer", "NotUnderstood",
         looks_first=True),
    Case(TAKEN, "in_doubt", "refused", "ApprovedContactWithKeyExists", kinds=("contact.create",), waits="backoff",
         looks_first=True),
    Case(TAKEN, "attention", "refused", "ApprovedContactWithKeyExists", kinds=KINDS[1:]),
    Case(TWICE, "attention", "refused", "MultipleMatches"),
    Case(REDEEMED, "delivered", "already_done", "PromotionAlreadyRedeemed", kinds=("promotion.redeem",),
         was_in_doubt=True),
    Case(REDEEMED, "attention", "refused", "PromotionAlreadyRedeemed", kinds=("promotion.redeem",),
         was_in_doubt=False),
    Case(VOUCHER_USED, "delivered", "already_done", "RewardVoucherAlreadyRedeemed", kinds=("voucher.redeem",),
         was_in_doubt=True),
    Case(VOUCHER_USED, "attention", "refused", "RewardVoucherAlreadyRedeemed", kinds=("voucher.redeem",),
         was_in_doubt=False),
    Case(ACTIVE, "delivered", "already_done", "RewardVoucherAlreadyActivated", kinds=("voucher.reactivate",),
         was_in_doubt=True),
    Case(ACTIVE, "delivered", "refused", "RewardVoucherAlreadyActivated", kinds=("voucher.reactivate",),
         was_in_doubt=False),
    Case(TOO_OFTEN, "attention", "refused", "ReactivationLimitExceeded", kinds=("voucher.reactivate",)),
]  # fmt: skip
ROWS = [
    (case, kind, doubt)
    for case in TABLE
    for kind in case.kinds
    for doubt in ([False, True] if case.was_in_doubt is None else [case.was_in_doubt])
]


def unsaved(kind: str, **more) -> Item:
    return Item(kind=kind, state=State.SENDING, tries=more.pop("tries", 1), **more)


def test_the_table_has_every_kind(db):
    from engage_portal.outbox.registry import kinds

    assert {handler.kind for handler in kinds()} == set(KINDS)


@pytest.mark.parametrize(("case", "kind", "doubt"), ROWS)
def test_a_failure_ends_where_the_table_says(case, kind, doubt, settings):
    settings.OUTBOX_WAITS = (10, 30)
    decision = decide(tried(unsaved(kind, was_in_doubt=doubt), error=case.error))
    assert (decision.state, decision.outcome, decision.code) == (case.state, case.outcome, case.code)
    assert (decision.counts, decision.looks_first) == (case.counts, case.looks_first)
    low, high = {"no": (0, 0), "backoff": (10, 12)}.get(case.waits) or (float(case.waits),) * 2
    assert low <= decision.wait <= high
    assert decision.reason or decision.state == State.DELIVERED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "error",
    [
        LOST,
        NEVER_LEFT,
        RateLimited(),
        line_down("x"),
        TWICE,
        AuthFailed("", status=401),
        NotFound("", status=404),
    ],
)
@pytest.mark.parametrize("is_look", [False, True])
def test_what_is_in_doubt_stays_in_doubt_until_it_is_found_out(kind, error, is_look):
    """Whatever goes wrong with a look, or before one: nothing is sent blindly afterwards, not even by hand."""
    decision = decide(tried(unsaved(kind, looks_first=True, was_in_doubt=True), error=error, is_look=is_look))
    assert decision.looks_first
    assert decision.state in {State.IN_DOUBT, State.ATTENTION}


@pytest.mark.parametrize("kind", KINDS)
def test_a_look_that_failed_does_not_put_what_was_never_sent_in_doubt_for_ever(kind):
    decision = decide(tried(unsaved(kind, looks_first=True), error=LOST, is_look=True))
    assert (decision.state, decision.looks_first) == (State.IN_DOUBT, True)


@pytest.mark.parametrize(
    ("kind", "state"), [(k, "accepted" if k == "receipt.post" else "delivered") for k in KINDS]
)
def test_an_answer_ends_it(kind, state):
    decision = decide(tried(unsaved(kind), answer=object()))
    assert (decision.state, decision.outcome, decision.settles) == (state, Outcome.DONE, True)


def test_found_by_a_look_is_delivered():
    decision = decide(tried(unsaved("contact.create", looks_first=True), answer=object(), is_look=True))
    assert (decision.state, decision.outcome, decision.settles) == (State.DELIVERED, Outcome.FOUND, True)


def test_not_found_by_a_look_is_sent_at_once_and_costs_no_try():
    decision = decide(tried(unsaved("contact.create", looks_first=True), answer=None, is_look=True))
    assert (decision.state, decision.outcome, decision.wait) == (State.PENDING, Outcome.NOT_FOUND, 0)
    assert not decision.looks_first
    assert not decision.counts


def test_an_empty_answer_to_a_request_is_a_success():
    assert decide(tried(unsaved("promotion.redeem"), answer=None)).state == State.DELIVERED


def test_a_key_that_stays_taken_goes_to_a_person_in_the_end():
    decision = decide(tried(unsaved("contact.create", tries=4), error=TAKEN))
    assert decision.state == State.ATTENTION


# ── Waits ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tries", "wait"),
    [(0, 10), (1, 10), (2, 30), (3, 60), (4, 300), (5, 600), (6, 1200), (7, 2400), (8, 3600), (99, 3600)],
)
def test_waits_grow_as_configured_and_then_stay(settings, tries, wait):
    settings.OUTBOX_WAITS = (10, 30, 60, 300, 600, 1200, 2400, 3600)
    seen = [backoff(tries) for _ in range(200)]
    assert wait <= min(seen) < max(seen) <= wait * 1.2  # with jitter, and never earlier than agreed


def test_the_default_waits_begin_as_engage_asks(settings):
    assert settings.OUTBOX_WAITS[:4] == (10, 30, 60, 300)
    assert settings.OUTBOX_WAITS[-1] == 3600


@pytest.mark.django_db
def test_a_failed_try_is_due_again_after_its_wait(settings):
    settings.OUTBOX_WAITS = (10, 30)
    made = item(tries=1)
    (mine,) = claims.claim(1)
    record([tried(mine, error=NEVER_LEFT)])
    stored = fresh(made)
    assert 30 <= (stored.not_before - clock.now()).total_seconds() + 1 <= 37
    assert (stored.tries, stored.state, outcomes_of(made)) == (2, State.PENDING, ["not_sent"])


@pytest.mark.django_db
@pytest.mark.parametrize("error", [RateLimited(retry_after=3.0), line_down("Engage is down.")])
def test_a_pause_and_a_call_that_was_not_made_cost_no_try(error):
    made = item(tries=2)
    (mine,) = claims.claim(1)
    record([tried(mine, error=error)])
    stored = fresh(made)
    assert (stored.tries, stored.was_in_doubt) == (2, False)
    assert stored.state == State.PENDING


# ── Giving up ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("error", "looks_first"), [(LOST, True), (NEVER_LEFT, False)])
def test_after_the_configured_days_a_person_decides(settings, kind, error, looks_first):
    settings.OUTBOX_GIVE_UP_DAYS = 3
    long_ago = clock.now() - timedelta(days=3, seconds=1)
    decision = decide(tried(unsaved(kind, first_due_at=long_ago), error=error))
    assert (decision.state, decision.code, decision.looks_first) == (
        State.ATTENTION,
        "Exhausted",
        looks_first,
    )
    assert "3 days" in decision.reason


def test_before_that_it_is_tried_again(settings):
    settings.OUTBOX_GIVE_UP_DAYS = 3
    nearly = clock.now() - timedelta(days=2, hours=23)
    assert decide(tried(unsaved("receipt.post", first_due_at=nearly), error=LOST)).state == State.IN_DOUBT


def test_a_pause_never_exhausts_anything(settings):
    settings.OUTBOX_GIVE_UP_DAYS = 1
    long_ago = clock.now() - timedelta(days=9)
    assert (
        decide(tried(unsaved("receipt.post", first_due_at=long_ago), error=RateLimited())).state
        == State.PENDING
    )


# ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_refusal_is_told_in_engages_words_with_the_fields_it_named():
    error = Rejected(
        "Validation failed",
        status=422,
        field_errors=[FieldError("zipCode", "is too long"), FieldError("", "city: must be text")],
    )
    assert refusal(error) == "zipCode: is too long; city: must be text"


@pytest.mark.parametrize(
    "error",
    [
        Rejected("", status=422, field_errors=[FieldError("", "")]),
        Rejected("", status=400),
        NotFound("", status=404),
        Conflict("", status=409),
        AuthFailed("", status=401),
        Misconfigured("", status=500),
    ],
)
@pytest.mark.django_db
def test_attention_has_a_reason_even_where_engage_gave_none(error):
    made = item()
    (mine,) = claims.claim(1)
    record([tried(mine, error=error)])
    stored = fresh(made)
    assert (stored.state, bool(stored.reason)) == (State.ATTENTION, True)


@pytest.mark.django_db
def test_a_kind_may_judge_without_a_word_and_the_row_still_has_one(parcel, monkeypatch):
    kind = parcel()
    monkeypatch.setattr(kind, "judge", lambda _item, _error: Verdict(State.ATTENTION, "", ""))
    made = item(kind="test.parcel")
    (mine,) = claims.claim(1)
    record([tried(mine, error=NotFound("", status=404))])
    assert fresh(made).state == State.ATTENTION


@pytest.mark.django_db
def test_long_words_are_cut_to_what_the_columns_hold():
    made = item()
    (mine,) = claims.claim(1)
    record(
        [
            tried(
                mine,
                error=Rejected("x" * 999, status=422, error_code="Y" * 99),
                operation="POST /" + "z" * 200,
            )
        ]
    )
    stored = fresh(made)
    assert (stored.state, len(stored.reason)) == (State.ATTENTION, 300)
