"""What staff may do with the queue, as Django names it."""

VIEW = "outbox.view_item"
RETRY = "outbox.retry_item"
CANCEL = "outbox.cancel_item"
PAUSE = "outbox.pause_items"
