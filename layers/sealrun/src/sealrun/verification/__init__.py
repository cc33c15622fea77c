"""Checking a receipt and what was handed out with it: offline, claim by claim."""
