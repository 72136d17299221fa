"""A sweep ─► its entry: the best point, a plot, a table over all points, what failed."""
