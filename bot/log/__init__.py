"""What happened ─► entries: Markdown that is pleasant to read and safe to post."""
