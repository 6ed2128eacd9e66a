"""What can be done with a contact. Each answers within the caller's deadline."""

from contacts.services.answering import Asked
from contacts.services.batching import batch_take
from contacts.services.changing import Written, contact_update
from contacts.services.creating import contact_create
from contacts.services.finding import contact_fetch, contact_find, contact_for_sign_in
from contacts.services.forgetting import contact_delete, contact_forget, contact_gone
from contacts.services.upgrading import contact_change_type
from contacts.snapshots import contact_current

__all__ = [
    "Asked",
    "Written",
    "batch_take",
    "contact_change_type",
    "contact_create",
    "contact_current",
    "contact_delete",
    "contact_fetch",
    "contact_find",
    "contact_for_sign_in",
    "contact_forget",
    "contact_gone",
    "contact_update",
]
