"""Mina nodes."""
