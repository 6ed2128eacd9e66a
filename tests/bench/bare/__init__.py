"""What a receipt would cost without the portal: a DRF view that inserts one row."""
