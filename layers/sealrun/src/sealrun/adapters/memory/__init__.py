"""What one process remembers."""
