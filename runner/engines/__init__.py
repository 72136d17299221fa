"""Where a request is executed: on this machine, or elsewhere."""
