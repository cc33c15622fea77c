"""The oracle's signed statement about one call, and what it rests on."""
