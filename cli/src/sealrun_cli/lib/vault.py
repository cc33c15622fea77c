"""Where a project keeps secrets for its jobs: the interface."""

from typing import Protocol


class Vault(Protocol):
    """One project's secrets; none can be read back."""

    def holds(self, name: str) -> bool:
        """True if there is a secret of this name."""

    def put(self, name: str, secret: str) -> None:
        """Keep it; one of the same name is replaced."""
