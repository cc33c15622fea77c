"""The local GitLab and its projects, which the tests of the peer and of the adapter share."""

from tests.local.gitlab.peer import DESCRIBED, Setting, setting, shared

__all__ = ["DESCRIBED", "Setting", "setting", "shared"]
