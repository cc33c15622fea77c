"""A run at the provider, the record of its call, and how it ended."""
