"""Holds the contracts' programs for Node, o1js and all that it needs, and the pinned verification keys."""
