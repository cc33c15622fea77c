"""Which implementation stands behind each port."""
