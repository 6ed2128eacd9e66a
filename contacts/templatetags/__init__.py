"""Pieces of forms, for the templates."""
