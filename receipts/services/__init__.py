"""What can be done with a sale: check it, keep it, say whose it is."""

from receipts.services.recording import POST, receipt_record

__all__ = ["POST", "receipt_record"]
