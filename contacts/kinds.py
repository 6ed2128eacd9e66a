"""The kinds of outbox items that are about contacts."""

CREATE = "contact.create"
UPDATE = "contact.update"
CHANGE_TYPE = "contact.change_type"
DELETE = "contact.delete"
IDENTIFY = "contact.identify"
