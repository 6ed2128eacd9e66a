"""What a caller hears who repeats a request that nobody answered: the same as the first time."""

from engage_portal.engage import Conflict
from engage_portal.outbox.models import Item
from promotions.services.trust import is_refused


def refuse_again(item: Item) -> None:
    """Raise Conflict, with Engage's reason, where it refused the item while nobody waited: "kept" would be untrue.

    The item stays for staff: whether the customer got something all the same, only they can find out.
    """
    if is_refused(item):
        raise Conflict(item.reason, error_code=item.reason_code)
