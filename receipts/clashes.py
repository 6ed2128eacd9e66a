"""Two receipts under one id: the second is refused, and staff hear of it."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.timezone import localtime

from engage_portal.core import clock
from engage_portal.engage import Conflict
from receipts.models import Clash, Receipt


def clash_noted(*, kept: Receipt, refused: Receipt, actor: str) -> Conflict:
    """Remember that another receipt came under the id of a kept one; returns what its till is told."""
    now = clock.now()
    clash, is_new = Clash.objects.get_or_create(
        receipt=kept,
        content_hash=refused.content_hash,
        defaults={
            "store": refused.store,
            "created_date": refused.created_date,
            "total": refused.total,
            "currency": refused.currency,
            "api_key_name": actor,
        },
    )
    if not is_new:
        Clash.objects.filter(pk=clash.pk).update(times=F("times") + 1, last_at=now)
    return Conflict(
        f"uniqueReceiptId is taken by another receipt, of store {kept.store}, sold {_time(kept.created_date)} and "
        f"recorded {_time(kept.recorded_at)}. Yours is of store {refused.store}, sold {_time(refused.created_date)}. "
        "Number it anew and send it again.",
        status=409,
        error_code="ReceiptIdTaken",
    )


def _time(moment: datetime) -> str:
    """As a till's own clock shows it."""
    return f"{localtime(moment):%Y-%m-%d at %H:%M}"


def clashes_unseen() -> QuerySet[Clash]:
    """What nobody has dealt with yet, newest first."""
    return Clash.objects.filter(seen_at__isnull=True).select_related("receipt").order_by("-first_at")


def clashes_seen() -> QuerySet[Clash]:
    """What was dealt with, newest first."""
    return Clash.objects.filter(seen_at__isnull=False).select_related("receipt").order_by("-seen_at")


@transaction.atomic
def clash_settle(*, clash: Clash, by: str) -> bool:
    """Somebody dealt with it; False where somebody else did before. May run twice."""
    open_still = Clash.objects.filter(pk=clash.pk, seen_at__isnull=True)
    return bool(open_still.update(seen_by=by, seen_at=clock.now()))
