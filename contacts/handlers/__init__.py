"""How what was done with contacts reaches Engage: one module per kind of item."""

from contacts.handlers.change_type import ContactChangeType
from contacts.handlers.create import ContactCreate
from contacts.handlers.delete import ContactDelete
from contacts.handlers.filing import is_being_imported
from contacts.handlers.identify import ContactIdentify
from contacts.handlers.update import ContactUpdate, not_known_yet
from engage_portal.outbox.registry import register

__all__ = ["is_being_imported", "not_known_yet"]

for _handler in (ContactCreate(), ContactUpdate(), ContactChangeType(), ContactDelete(), ContactIdentify()):
    register(_handler)
