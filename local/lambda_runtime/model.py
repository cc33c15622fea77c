"""The records of a function and of an invocation, and Lambda's limits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REGION: Final = "eu-central-1"
ACCOUNT = "123456789012"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB each way for a synchronous
# invocation, 1 MB for an asynchronous event, 10 s for the init phase.
MAX_PAYLOAD = 6 * 1024 * 1024
MAX_EVENT = 1024 * 1024
INIT_SECONDS = 10.0


@dataclass(frozen=True)
class Function:
    """One function: ``handler`` is ``module.name`` in ``folder``; the environment is all that it sees.

    ``concurrency`` is the reserved concurrency: how many processes run at most. ``memory_mb`` is told to the
    function and written beside what it used, not enforced. ``command`` starts another runtime client than
    Python's; it gets the handler as its last argument.
    """

    name: str
    handler: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 256
    timeout_s: float = 10.0
    concurrency: int = 10
    command: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What an invocation gave: a payload, and for a failure the error's type, else an empty string."""

    payload: bytes
    error: str = ""

    @classmethod
    def failed(cls, error: str, message: str) -> "Outcome":
        """A failure that the platform found, not the function."""
        return cls(json.dumps({"errorType": error, "errorMessage": message}).encode(), error)


class UnknownFunction(Exception):
    """No function has this name."""


class Throttled(Exception):
    """All processes of the function are busy, and it may not have more."""
