"""The ports' implementations: one folder per outside world, one file per service."""
