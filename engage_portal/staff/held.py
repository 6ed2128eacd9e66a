"""What pauses hold back."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count

from engage_portal.outbox.models import Item, Pause
from engage_portal.outbox.pauses import Pauses
from engage_portal.outbox.states import CLAIMABLE


@dataclass(frozen=True, slots=True)
class Held:
    """A pause, and how many items would go without it."""

    pause: Pause
    items: int

    @property
    def query(self) -> str:
        """The filter of the queue that shows these items."""
        narrowed = {"kind": self.pause.kind, "store": self.pause.store}
        chosen = {name: value for name, value in narrowed.items() if value}
        return urlencode({"state": list(map(str, CLAIMABLE)), **chosen}, doseq=True)


def held_by_each(running: Iterable[Pause]) -> list[Held]:
    """Each pause with its number of items, all counted in one query."""
    found = list(running)
    counts = {f"pause_{pause.pk}": Count("pk", filter=Pauses((pause,)).covering()) for pause in found}
    numbers = Item.objects.filter(state__in=CLAIMABLE).aggregate(**counts) if counts else {}
    return [Held(pause, numbers[f"pause_{pause.pk}"]) for pause in found]
