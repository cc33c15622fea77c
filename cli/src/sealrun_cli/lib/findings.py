"""What `sealrun check` finds: one line each, with what to do where it is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sealrun.errors import SealrunError
from sealrun_cli.lib.errors import CliError


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``holds`` is None where it could not be looked at."""

    what: str
    holds: bool | None
    message: str
    following: str = ""

    @property
    def line(self) -> str:
        """As people read it."""
        mark = {True: "✓", False: "✗", None: "-"}[self.holds]
        return f"{mark} {self.what:<10} {self.message}"

    def value(self) -> dict[str, str | bool | None]:
        """As JSON."""
        return {"what": self.what, "holds": self.holds, "message": self.message, "next": self.following}


def good(what: str, message: str) -> Finding:
    """A finding that is as it must be."""
    return Finding(what, holds=True, message=message)


def bad(what: str, message: str, following: str) -> Finding:
    """A finding that is wrong, and what to do about it."""
    return Finding(what, holds=False, message=message, following=following)


def unknown(what: str, message: str, following: str = "") -> Finding:
    """A finding that could not be looked at, or that the seller must judge."""
    return Finding(what, holds=None, message=message, following=following)


def tried(what: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of one look; an error in the middle of it is a finding too."""
    try:
        yield from look()
    except CliError as error:
        yield bad(what, error.detail, error.following)
    except SealrunError as error:
        yield bad(what, error.detail, CliError(error.type, "").following)
