"""A buyer's signed request for one run, and the tickets that make one."""
