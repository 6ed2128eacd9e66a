"""Words, times and money for the templates."""
