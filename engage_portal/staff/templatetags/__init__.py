"""Words about items, for the templates."""
