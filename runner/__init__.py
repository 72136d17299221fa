"""The machine's side: executes notebooks and says truly what happened. Knows nothing of issues."""
