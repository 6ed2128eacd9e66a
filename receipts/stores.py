"""Our copy of Engage's stores: kept up to date, shown in Engage's own words, asked before a sale is taken.

Engage makes up a store for every `storeExternalId` that it does not know, so a typo becomes a store of its own
[developer.voyado.com/docs/setup/stores].
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from contacts.snapshots import OUTAGES, is_fresh
from engage_portal.core import clock
from engage_portal.core.clock import Deadline
from engage_portal.core.freshness import Freshness, Read
from engage_portal.engage import EngageError
from engage_portal.engage import Store as EngageStore
from engage_portal.engage.wire import decode, encode
from engage_portal.outbox.line import door
from receipts.models import Receipt, Store, StoreList

ASK_AGAIN_SECONDS = 60
"""So young a list is believed when it does not have a store; and so often at most a till's call asks for a newer."""

_KEPT_FOR = timedelta(hours=1)
_ASKED = "receipts:stores-asked"
_LONGEST_ID = 100


class Standing(Enum):
    """What is known of a store that a sale names."""

    FINE = auto()
    """Engage lists it, or nobody can say: there never was a list, or nobody wants to know."""
    UNKNOWN = auto()
    """A list that is young enough does not have it."""
    UNDECIDED = auto()
    """Our list does not have it, and Engage could not be asked again in time: looked at once more before sending."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a store, and how its receipts have to begin."""

    standing: Standing
    prefix: str = ""


def store_asked(external_id: str, *, deadline: Deadline | None) -> Asked:
    """What is known of a store, from our copy; Engage is asked only where that does not have it, once a minute.

    Without a deadline Engage is never asked. Raises nothing of Engage's.
    """
    known = Store.objects.filter(pk=external_id).values_list("is_listed", "prefix").first()
    is_listed, prefix = known or (False, "")
    if settings.RECEIPT_STORES == "ignore" or is_listed:
        return Asked(Standing.FINE, prefix)
    return Asked(_standing_after_asking(external_id, deadline), prefix)


def _standing_after_asking(external_id: str, deadline: Deadline | None) -> Standing:
    as_of = _list().values_list("fetched_at", flat=True).first()
    if as_of is None:
        return Standing.FINE
    if clock.now() - as_of < timedelta(seconds=ASK_AGAIN_SECONDS):
        return Standing.UNKNOWN
    # One call asks for all tills; the others' sales are kept, and looked at again before they are sent.
    if deadline is None or not cache.add(_ASKED, 1, ASK_AGAIN_SECONDS):
        return Standing.UNDECIDED
    try:
        stores_fetch(deadline=deadline)
    except EngageError:
        return Standing.UNDECIDED  # whatever is wrong with the list, it is no reason to refuse a sale
    is_known = Store.objects.filter(pk=external_id, is_listed=True).exists() or not _list().exists()
    return Standing.FINE if is_known else Standing.UNKNOWN


def _list() -> QuerySet[StoreList]:
    """The list, if there is one that says anything: a tenant without any store has not set them up."""
    return StoreList.objects.filter(fetched_at__isnull=False, count__gt=0)


def with_unlisted(receipts: QuerySet[Receipt]) -> QuerySet[Receipt]:
    """Receipts with the age of a list of stores that does not have theirs, where receipts are refused for that."""
    if settings.RECEIPT_STORES != "refuse":
        return receipts
    listed = Exists(Store.objects.filter(pk=OuterRef(OuterRef("store")), is_listed=True))
    return receipts.annotate(unlisted_as_of=Subquery(_list().exclude(listed).values("fetched_at")[:1]))


def unlisted_as_of(receipt: Receipt) -> datetime | None:
    """The age of a list that does not have the store of a receipt from `with_unlisted`; None where nothing is wrong."""
    as_of: datetime | None = getattr(receipt, "unlisted_as_of", None)
    return as_of


def stores_want() -> None:
    """Have a newer list read within a minute; for what waits for one. May run twice."""
    current = Q(wanted_at__isnull=True) | Q(wanted_at__lte=F("fetched_at"))
    StoreList.objects.filter(current).update(wanted_at=clock.now())


def is_due() -> bool:
    """Whether a worker should read Engage's list: there is none, it is old, or something waits for a newer one."""
    row = StoreList.objects.first()
    if row is None or row.fetched_at is None:
        return True
    is_wanted = row.wanted_at is not None and row.wanted_at > row.fetched_at
    return is_wanted or clock.now() - row.fetched_at > _KEPT_FOR


def stores_fetch(*, deadline: Deadline) -> datetime:
    """Ask Engage for its stores, closed ones too, and keep them; returns as of when. Raises EngageError."""
    asked_at = clock.now()
    listed = door.ask(lambda client: client.list_stores(include_inactive=True), deadline=deadline)
    stores_store(listed, as_of=asked_at)
    return asked_at


@transaction.atomic
def stores_store(listed: Iterable[EngageStore], *, as_of: datetime) -> None:
    """Keep Engage's list; what it no longer has stays, unlisted, with what staff wrote. May run twice."""
    StoreList.objects.get_or_create(pk=1)
    StoreList.objects.select_for_update().get(pk=1)
    found = {store.external_id: store for store in listed if 0 < len(store.external_id) <= _LONGEST_ID}
    rows = [
        Store(
            external_id=external_id,
            name=(store.name or "")[:300],
            is_listed=True,
            active=store.active,
            position=position,
            raw=encode(store.raw).decode(),
        )
        for position, (external_id, store) in enumerate(found.items())
    ]
    Store.objects.filter(is_listed=True).update(is_listed=False)
    Store.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["external_id"],
        update_fields=["name", "is_listed", "active", "position", "raw"],
    )
    StoreList.objects.filter(pk=1).update(fetched_at=as_of, count=len(rows))


def stores_current(*, with_inactive: bool, deadline: Deadline) -> Read[list[Mapping[str, Any]]]:
    """The stores in Engage's words and order, from our copy while it is fresh, else from Engage, else our copy.

    Raises Unavailable where Engage is away and was never asked before.
    """
    fetched_at = StoreList.objects.values_list("fetched_at", flat=True).first()
    freshness = Freshness.CACHED
    if not is_fresh(fetched_at):
        try:
            fetched_at, freshness = stores_fetch(deadline=deadline), Freshness.LIVE
        except OUTAGES:
            if fetched_at is None:
                raise
            freshness = Freshness.STALE
    rows = Store.objects.filter(is_listed=True).order_by("position")
    rows = rows if with_inactive else rows.filter(active=True)
    return Read([decode(row.raw.encode()) for row in rows], freshness, fetched_at)
