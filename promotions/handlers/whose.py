"""Whose a use is that Engage has: a look after a lost answer also finds what was used elsewhere before."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engage_portal.core.till_time import till_time
from engage_portal.engage import Conflict, EngageClient, is_already_done
from engage_portal.outbox.registry import Call

_CLOCKS_DIFFER = timedelta(minutes=1)


def is_from_before(redeemed_on: datetime | None, accepted_at: datetime) -> bool:
    """Whether Engage had the use before ours was accepted, so that it is not ours. Without a date it counts as ours."""
    return redeemed_on is not None and redeemed_on < accepted_at - _CLOCKS_DIFFER


def refuse_one_from_before(redeemed_on: datetime | None, accepted_at: datetime, *, error_code: str) -> None:
    """Raise Conflict, as Engage would have without the lost answer, where the use that it has is not ours."""
    if redeemed_on is not None and is_from_before(redeemed_on, accepted_at):
        raise Conflict(used_before_words(redeemed_on), error_code=error_code)


def used_before_words(redeemed_on: datetime) -> str:
    """What staff read about it."""
    return (
        f"It was used elsewhere, {till_time(redeemed_on)}: before its use here, which Engage does not have."
    )


def with_a_look(call: Call, look: Call | None) -> Call:
    """The call of an item that was in doubt: where Engage says that it is done already, `look` tells by whom."""
    if look is None:
        return call

    def run(client: EngageClient) -> Any:
        try:
            return call.run(client)
        except Conflict as refused:
            if is_already_done(refused):
                look.run(client)
            raise

    return replace(call, run=run, calls=call.calls + look.calls)
