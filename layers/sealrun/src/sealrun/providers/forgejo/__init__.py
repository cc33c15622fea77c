"""Forgejo (experimental)."""
