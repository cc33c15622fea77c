"""The Model Context Protocol, by its official package."""
