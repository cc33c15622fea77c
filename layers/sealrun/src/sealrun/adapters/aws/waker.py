"""Wakes the collector by invoking its function, without waiting for it."""

import json
from typing import TYPE_CHECKING

from sealrun.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaWaker:
    """``sealrun.ports.waker.Waker`` over Lambda's asynchronous invocation."""

    def __init__(self, client: "LambdaClient", *, function: str) -> None:
        self._client, self._function = client, function

    def wake(self, call_hash: int) -> None:
        """Raises StoreUnavailable when the request is not taken; the sweep collects all the same."""
        payload = json.dumps({"collect": f"{call_hash:064x}"}).encode()
        with translated("waker"):
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
