"""How receipts reach Engage."""

from engage_portal.outbox.registry import register
from receipts.handlers.receipt_post import ReceiptPost

register(ReceiptPost())
