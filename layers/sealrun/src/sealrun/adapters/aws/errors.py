"""AWS's errors as sealrun's: every adapter of this folder translates them here.

They come from the clients in ``direct`` or from botocore, which is not imported for them: its errors can only
be raised where it is imported already.

AWS's error code and the operation stay in the message, so that whoever reads it knows a missing right from an
outage. What the request held does not: botocore's own messages can quote it, and a plaintext with it.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from sealrun.errors import StoreUnavailable

# AWS's own words are for a line of a log.
MAX_WORDS = 400


class AwsError(Exception):
    """AWS answered with an error; the members are those of botocore's ClientError."""

    def __init__(self, response: Mapping[str, Any], operation_name: str) -> None:
        super().__init__(f"{operation_name}: {response['Error']['Code']}")
        self.response, self.operation_name = response, operation_name

    @property
    def code(self) -> str:
        """AWS's code, as ``AccessDenied``."""
        return str(self.response["Error"]["Code"])


class NoAnswer(Exception):
    """AWS did not answer; the cause says why."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.name = type(cause).__name__


def answered_errors() -> tuple[type[Exception], ...]:
    """What stands for an answer that is an error."""
    botocore = sys.modules.get("botocore.exceptions")
    return (AwsError, botocore.ClientError) if botocore else (AwsError,)


def client_errors() -> tuple[type[Exception], ...]:
    """Everything that a client of AWS raises."""
    botocore = sys.modules.get("botocore.exceptions")
    return (*answered_errors(), NoAnswer, *((botocore.BotoCoreError,) if botocore else ()))


@contextlib.contextmanager
def translated(service: str, *, unless: tuple[str, ...] = (), cause: bool = True) -> Iterator[None]:
    """Raise what a client of AWS raises as StoreUnavailable.

    Args:
        service: what the message calls the service, as ``table``.
        unless: AWS's errors of these codes are no errors.
        cause: False where the request holds a secret, which the error may quote.

    Raises:
        StoreUnavailable: AWS did not answer, or answered with an error.
    """
    try:
        yield
    except client_errors() as error:
        if error_code(error) not in unless:
            raise unavailable(service, error) from (error if cause else None)


def error_code(error: Exception) -> str:
    """AWS's code, as ``AccessDenied``; the name of what went wrong where AWS gave no answer."""
    if isinstance(error, answered_errors()):
        return str(_response(error).get("Error", {}).get("Code") or type(error).__name__)
    return error.name if isinstance(error, NoAnswer) else type(error).__name__


def cancelled_by(error: Exception) -> list[str]:
    """Why a transaction was cancelled: a code for each of its items; none for any other error."""
    return [str(each.get("Code")) for each in _response(error).get("CancellationReasons", [])]


def unavailable(service: str, error: Exception) -> StoreUnavailable:
    """The error with its code, its operation and, of a cancelled transaction, what cancelled it."""
    if not isinstance(error, answered_errors()):
        words = str(error)[:MAX_WORDS] if isinstance(error, NoAnswer) else _reason(error)
        return StoreUnavailable(f"{service}: expected an answer, got {error_code(error)}", words=words)
    reasons = set(cancelled_by(error)) - {"None"}
    got = " ".join([error_code(error), *sorted(reasons)])
    words = str(_response(error).get("Error", {}).get("Message", ""))[:MAX_WORDS]
    operation = getattr(error, "operation_name", "")
    return StoreUnavailable(f"{service}: expected an answer to {operation}, got {got}", words=words)


def _reason(error: Exception) -> str:
    # Only boto3's failures need it; a function's first call imports nothing that it may not need.
    from sealrun.transport.failures import reason_of  # noqa: PLC0415

    return reason_of(error.__context__)


def _response(error: Exception) -> Mapping[str, Any]:
    response: Mapping[str, Any] = getattr(error, "response", {})
    return response
