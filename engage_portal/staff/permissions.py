"""What staff may do, as Django names it."""

VIEW = "outbox.view_item"
RETRY = "outbox.retry_item"
CANCEL = "outbox.cancel_item"
PAUSE = "outbox.pause_items"

VIEW_CONTACT = "contacts.view_contact"
REVEAL = "contacts.reveal_contact"
CORRECT = "contacts.correct_contact"
IMPORT = "contacts.import_contacts"
TRUST = "promotions.change_trustrule"
SETTLE_CLASH = "receipts.settle_clash"
