"""Anna's history in the sandbox Engage, and reading it through the API."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from engage_portal.core import clock
from engage_portal.sandbox import seeds
from receipts.models import HistorySnapshot
from tests.api.talking import TRANSACTIONS

ANNAS = {"contactId": seeds.ANNA_ID}


def page(till: Any, **query: Any) -> dict[str, Any]:
    """A page that comes."""
    answer = till.get(TRANSACTIONS, {**ANNAS, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def ids(body: dict[str, Any]) -> list[str]:
    """The transactions of a page."""
    return [item["id"] for item in body["items"]]


def history_in_engage(engage: Any, count: int) -> None:
    """Anna has bought so many times, every hour for a long time; what she had before is gone."""
    with engage.engage.lock:
        store = engage.engage.store
        for transaction_id in list(store.all("transaction")):
            if store.get("transaction", transaction_id)["contactId"] == seeds.ANNA_ID:
                store.remove("transaction", transaction_id)
        store.commit()
    bought(engage, count, days_ago=2000)


def bought(engage: Any, count: int, *, days_ago: float = 0) -> list[str]:
    """Anna buys so many times, an hour apart from a moment on; the ids, oldest first."""
    made = []
    with engage.engage.lock:
        for place in range(count):
            when = clock.now() - timedelta(days=days_ago) + timedelta(hours=place)
            item = {"id": str(uuid4()), "createdDate": when.isoformat(), "localNetPriceSum": 10.0 + place}
            engage.engage.store.put("transaction", item["id"], {"contactId": seeds.ANNA_ID, "item": item})
            made.append(item["id"])
        engage.engage.store.commit()
    return made


def forget_age() -> None:
    """The copy is old, so that Engage is asked again."""
    HistorySnapshot.objects.update(fetched_at=clock.now() - timedelta(hours=1))
