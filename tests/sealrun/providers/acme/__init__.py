"""Acme CI, a provider that exists in tests alone: one folder, as docs/adding-a-provider.md describes it."""
