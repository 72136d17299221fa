"""People's side: threads, branches and what should happen to them. Never executes a notebook."""
