"""Background work of the API. Takes no arguments; may run twice."""

from engage_portal.api.idempotency import forget_answers


def purge_answers() -> int:
    """Once a day: forget the answers that were kept for `Idempotency-Key`. Returns how many."""
    return forget_answers()
