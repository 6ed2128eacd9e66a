"""Reading what a till may give to anybody."""

from typing import Any

from django.db.models import Q

from engage_portal.core import clock
from promotions.models import OpenOffer


def open_offers(*, store: str, is_away: bool, language: str = "") -> list[dict[str, Any]]:
    """What anybody gets in a store at this moment; nothing, and no query, while Engage answers.

    `language` as a till names it (`sv`, `sv-SE`); an offer without a language is for all of them.
    """
    if not is_away:
        return []
    now = clock.now()
    rows = OpenOffer.objects.filter(Q(store="") | Q(store=store), begins_at__lte=now)
    rows = rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    spoken = language.partition("-")[0].casefold()
    return [
        {
            "heading": row.heading,
            "description": row.description,
            "code": row.code,
            "endsOn": row.ends_at.isoformat() if row.ends_at else None,
        }
        for row in rows
        if not (spoken and row.language) or row.language.partition("-")[0].casefold() == spoken
    ]
