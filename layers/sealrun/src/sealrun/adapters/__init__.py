"""The ports' implementations: one file per service."""
