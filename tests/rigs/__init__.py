"""Real counterparts that tests start for themselves."""
