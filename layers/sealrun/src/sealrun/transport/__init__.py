"""Outgoing HTTP with its limits."""
