"""`python -m tests.bench.inside COMMAND …`: what happens in a process of the portal; answers JSON on its last line."""

import json
import sys
from collections.abc import Callable
from typing import Any

import django
import psutil

django.setup()

from engage_portal.outbox.delivery.passes import deliver  # noqa: E402
from engage_portal.outbox.models import Item  # noqa: E402
from engage_portal.outbox.states import State  # noqa: E402
from engage_portal.outbox.tasks import deliver_due  # noqa: E402
from tests.bench import (  # noqa: E402
    filling,
    filling_contacts,
    filling_members,
    import_once,
    lookup,
    peers,
    plans,
    spool_once,
)


def drain(prefix: str) -> dict[str, Any]:
    """One worker's delivery pass until nothing is due; what was begun under a prefix must have arrived."""
    made = 0
    while done := deliver(seconds=600):
        made += done
    left = Item.objects.filter(reference__startswith=prefix).exclude(state=State.ACCEPTED).count()
    if left:
        raise SystemExit(f"{left} items are not in Engage")
    return {"made": made}


def drain_in_slices(every: str) -> None:
    """The worker's task again and again; a line with its memory after each `every` items."""
    own, made, shown = psutil.Process(), 0, 0
    while done := deliver_due():
        made += done
        if made // int(every) > shown:
            shown = made // int(every)
            print(json.dumps({"items": made, "rss": own.memory_info().rss}), flush=True)


_COMMANDS: dict[str, Callable[..., Any]] = {
    "fill": filling.items,
    "grow": filling.grow,
    "drain": drain,
    "drain-in-slices": drain_in_slices,
    "plan": plans.claim_plan,
    "queue-q2": peers.queue_q2,
    "queue-celery": peers.queue_celery,
    "key": peers.till_key,
    "people": filling_contacts.people,
    "change-everybody": filling_contacts.change_everybody,
    "look-up": lookup.look_up,
    "members": filling_members.members,
    "claim-and-write": spool_once.claim_and_write,
    "import": import_once.ours,
    "import-bare": import_once.bare,
    "import-empty": import_once.empty,
}

if __name__ == "__main__":
    print(json.dumps(_COMMANDS[sys.argv[1]](*sys.argv[2:])))
