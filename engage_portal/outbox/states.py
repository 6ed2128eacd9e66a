"""The whole state machine of an outbox item, on one screen.

state       means                                          leaves by
─────────── ────────────────────────────────────────────── ─────────────────────────────────────────────
pending     due at `not_before`                            claim → sending; spool → spooled;
                                                           merged → superseded; cancel → cancelled
sending     leased by one worker, no transaction open      outcome; the lease runs out → in_doubt;
                                                           refused to a caller who waits → cancelled
in_doubt    the request may have taken effect; also every  claim → sending, which looks before it sends:
            row of a bulk call, whose fate nobody tells    delivered, or pending, or in doubt for longer;
                                                           spool → spooled, where doing it twice does no harm
attention   a person must act                              retry → pending (in_doubt, where it was);
                                                           cancel → cancelled
spooled     owned by one spool file                        picked up → accepted; withdrawn → pending, or in
                                                           doubt where it was
accepted    Engage took it (2xx) and works it in later     read back → delivered; not seen in time →
                                                           attention
delivered   seen in Engage                                 purge
cancelled   given up by a person, with a reason            purge
superseded  merged into another item, or nothing to send   purge

One item, one channel: api, bulk and file all take an item by the same conditional update, so it has one owner.
"""

from django.db import models


class State(models.TextChoices):
    """Where an item stands. The values are stored and spoken by the API."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    IN_DOUBT = "in_doubt", "In doubt"
    ATTENTION = "attention", "Attention"
    SPOOLED = "spooled", "In a file"
    ACCEPTED = "accepted", "Accepted"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    SUPERSEDED = "superseded", "Superseded"


class Channel(models.TextChoices):
    """The ways to Engage."""

    API = "api", "API"
    BULK = "bulk", "Bulk API"
    FILE = "file", "File"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.SPOOLED, State.SUPERSEDED, State.CANCELLED}),
    State.SENDING: frozenset(
        {
            State.PENDING,
            State.IN_DOUBT,
            State.ATTENTION,
            State.ACCEPTED,
            State.DELIVERED,
            State.SUPERSEDED,
            State.CANCELLED,
        }
    ),
    State.IN_DOUBT: frozenset({State.SENDING, State.SPOOLED}),
    State.ATTENTION: frozenset({State.PENDING, State.IN_DOUBT, State.CANCELLED}),
    State.SPOOLED: frozenset({State.PENDING, State.IN_DOUBT, State.ACCEPTED}),
    State.ACCEPTED: frozenset({State.DELIVERED, State.ATTENTION}),
    State.DELIVERED: frozenset(),
    State.CANCELLED: frozenset(),
    State.SUPERSEDED: frozenset(),
}

MOVING = (State.PENDING, State.SENDING, State.IN_DOUBT, State.SPOOLED)
"""Still on their way without anybody's help; later items of the same stream wait for these."""

OPEN = (*MOVING, State.ATTENTION)
"""What has not reached Engage: the offline queue."""

CLAIMABLE = (State.PENDING, State.IN_DOUBT)
"""What a worker may take."""

FINAL = (State.DELIVERED, State.CANCELLED, State.SUPERSEDED)


class IllegalTransitionError(Exception):
    """A move that the table above does not know: a mistake in the program, never in the data."""


def check_move(before: State, after: State) -> None:
    """Raise IllegalTransitionError unless an item may go from one state to the other."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransitionError(f"an outbox item cannot go from {before} to {after}")
