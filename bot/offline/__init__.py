"""What keeps a template that is checked from the network."""
