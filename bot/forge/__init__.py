"""Where threads and branches live: the protocol, and the forges that keep it."""
