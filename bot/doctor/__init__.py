"""What `excursion doctor` looks at: what was read ─► findings, each with what to do."""
