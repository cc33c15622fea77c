"""botocore's errors as sealrun's: every adapter of this folder translates them here.

AWS's error code and the operation stay in the message, so that whoever reads it knows a missing right from an
outage. What the request held does not: botocore's own messages can quote it, and a plaintext with it.
"""

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from sealrun.errors import StoreUnavailable

# AWS's own words are for a line of a log.
MAX_WORDS = 400


@contextlib.contextmanager
def translated(service: str, *, unless: str = "", cause: bool = True) -> Iterator[None]:
    """Raise what botocore raises as StoreUnavailable.

    Args:
        service: what the message calls the service, as ``table``.
        unless: AWS's error of this code is no error.
        cause: False where the request holds a secret, which botocore's error may quote.

    Raises:
        StoreUnavailable: AWS did not answer, or answered with an error.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if not unless or error_code(error) != unless:
            raise unavailable(service, error) from (error if cause else None)


def error_code(error: ClientError | BotoCoreError) -> str:
    """AWS's code, as ``AccessDenied``; botocore's name of the error where AWS gave no answer."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or type(error).__name__)
    return type(error).__name__


def unavailable(service: str, error: ClientError | BotoCoreError) -> StoreUnavailable:
    """The error with its code, its operation and, of a cancelled transaction, what cancelled it."""
    if not isinstance(error, ClientError):
        return StoreUnavailable(f"{service}: expected an answer, got {error_code(error)}")
    reasons = {str(each.get("Code")) for each in error.response.get("CancellationReasons", [])} - {"None"}
    got = " ".join([error_code(error), *sorted(reasons)])
    words = str(error.response.get("Error", {}).get("Message", ""))[:MAX_WORDS]
    detail = f"{service}: expected an answer to {error.operation_name}, got {got}"
    return StoreUnavailable(detail, words=words)
