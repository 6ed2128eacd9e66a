"""Two receipts under one id: the second is refused, and staff hear of it."""

from django.db import transaction
from django.db.models import F, QuerySet

from engage_portal.core import clock
from engage_portal.core.till_time import till_time
from engage_portal.engage import Conflict
from receipts.models import Clash, Receipt

_TELL_A_SALE = ("store", "created_date", "receipt_number", "currency", "total")
_NUMBERED_TWICE = "Number it anew and send it again."
_SENT_TWICE = (
    "It looks like the same sale, written differently: that one is kept. Do not send it under another number, or it "
    "counts twice."
)


def clash_noted(*, kept: Receipt, refused: Receipt, actor: str) -> Conflict:
    """Remember that another receipt came under the id of a kept one; returns what its till is told."""
    now, is_one_sale = clock.now(), _are_one_sale(kept, refused)
    clash, is_new = Clash.objects.get_or_create(
        receipt=kept,
        content_hash=refused.content_hash,
        defaults={
            "store": refused.store,
            "created_date": refused.created_date,
            "total": refused.total,
            "currency": refused.currency,
            "is_one_sale": is_one_sale,
            "api_key_name": actor,
        },
    )
    if not is_new:
        Clash.objects.filter(pk=clash.pk).update(times=F("times") + 1, last_at=now)
    return Conflict(
        f"uniqueReceiptId is taken by another receipt, of store {kept.store}, sold {till_time(kept.created_date)} and "
        f"recorded {till_time(kept.recorded_at)}. Yours is of store {refused.store}, sold "
        f"{till_time(refused.created_date)}. {_SENT_TWICE if is_one_sale else _NUMBERED_TWICE}",
        status=409,
        error_code="ReceiptIdTaken",
    )


def _are_one_sale(kept: Receipt, refused: Receipt) -> bool:
    """Whether they look like one sale that was written differently: under another number it would count twice.

    The number on the slip tells two customers apart who paid the same in one minute.
    """
    return all(getattr(kept, name) == getattr(refused, name) for name in _TELL_A_SALE)


def clashes_unseen() -> QuerySet[Clash]:
    """What nobody has dealt with yet, newest first."""
    return Clash.objects.filter(seen_at__isnull=True).select_related("receipt").order_by("-first_at")


def sales_missing() -> QuerySet[Clash]:
    """Of these, what is no other version of a kept sale: Engage will not get it until its till numbers it anew."""
    return clashes_unseen().filter(is_one_sale=False)


def clashes_seen() -> QuerySet[Clash]:
    """What was dealt with, newest first."""
    return Clash.objects.filter(seen_at__isnull=False).select_related("receipt").order_by("-seen_at")


@transaction.atomic
def clash_settle(*, clash: Clash, by: str) -> bool:
    """Somebody dealt with it; False where somebody else did before. May run twice."""
    open_still = Clash.objects.filter(pk=clash.pk, seen_at__isnull=True)
    return bool(open_still.update(seen_by=by, seen_at=clock.now()))
