"""CI providers, one folder each."""
