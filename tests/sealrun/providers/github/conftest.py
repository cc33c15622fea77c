"""The local GitHub and its projects, which the tests of the peer and of the adapter share."""

from tests.local.github.peer import Setting, setting, shared

__all__ = ["Setting", "setting", "shared"]
