"""The oracle's signed statement about one call, and the grounds for believing it."""
