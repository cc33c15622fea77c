"""One service's client: requests that are signed, tried again as boto3 does, and answered in JSON."""

import json
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sealrun.adapters.aws.direct.connections import Answer, Connections
from sealrun.adapters.aws.direct.sigv4 import Credentials, Scope, signed
from sealrun.adapters.aws.errors import AwsError, NoAnswer

# botocore/data/_retry.json: answers that are worth another attempt, whatever the service.
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504, 509})
RETRIED_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestThrottledException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        # DynamoDB's own
        "ReplicatedWriteConflictException",
        "TransactionInProgressException",
    }
)
LONGEST_PAUSE = 20.0


class Retries(NamedTuple):
    """How often a request is sent at most, and the first pause in seconds; each next one is twice as long."""

    attempts: int
    first_pause: float | None  # None draws one below a second


class Client:
    """What the clients of the services have in common.

    ``credentials`` is asked for each request: Lambda may replace those of a function's role.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        scope: Scope,
        credentials: Callable[[], Credentials],
        retries: Retries,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connections, self._scope, self._credentials = connections, scope, credentials
        self._retries, self._pause, self._now = retries, pause, now

    def ask(self, operation: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST a request until it has an answer that another attempt would not change.

        Raises:
            AwsError: the answer is an error.
            NoAnswer: there was none.
        """
        for attempt in range(self._retries.attempts):
            try:
                answer = self._send(path, headers, body)
            except NoAnswer:
                if attempt + 1 == self._retries.attempts:
                    raise
            else:
                if answer.status < 300:  # noqa: PLR2004
                    return answer
                error = _error(operation, answer)
                last = attempt + 1 == self._retries.attempts
                if last or not (answer.status in RETRIED_STATUS or error.code in RETRIED_CODES):
                    raise error
            self._pause(self._seconds(attempt))
        raise AssertionError("attempts: expected at least one")

    def _send(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        target = self._connections.path + path
        # Signed anew for each attempt: the signature has a time, and credentials may change.
        with_signature = signed(
            "POST",
            target,
            {"host": self._connections.host, **headers},
            body,
            credentials=self._credentials(),
            scope=self._scope,
            now=self._now(),
        )
        return self._connections.request("POST", target, with_signature, body)

    def _seconds(self, attempt: int) -> float:
        first = random.random() if self._retries.first_pause is None else self._retries.first_pause  # noqa: S311
        return min(first * float(2**attempt), LONGEST_PAUSE)


def _error(operation: str, answer: Answer) -> AwsError:
    """An answer's error: its code stands in a header or in the body, beside a namespace or a URL."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = {}
    if not isinstance(value, dict):
        value = {}
    named = answer.headers.get("x-amzn-errortype") or value.get("__type") or value.get("code") or ""
    code = str(named).split(":", 1)[0].rpartition("#")[2] or str(answer.status)
    error = {"Code": code, "Message": str(value.get("message") or value.get("Message") or "")}
    response: dict[str, Any] = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": answer.status}}
    if isinstance(reasons := value.get("CancellationReasons"), list):
        response["CancellationReasons"] = reasons
    return AwsError(response, operation)
