"""Counterparts that nobody here wrote, fetched when a test needs them."""
