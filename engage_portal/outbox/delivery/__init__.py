"""How leased items reach Engage, and what becomes of them."""
