"""Has steps of calls taken by the collector's function, without waiting for it."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sealrun.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from sealrun.adapters.aws.look_queue import LookQueue


class LambdaWaker:
    """``sealrun.ports.waker.Waker`` over Lambda's asynchronous invocation, and a queue for looks."""

    def __init__(self, client: "LambdaClient", *, function: str, looks: "LookQueue | None" = None) -> None:
        """``looks`` is the sweep's alone."""
        self._client, self._function, self._looks = client, function, looks

    def wake(self, call_hash: int) -> None:
        """Raises StoreUnavailable when the request is not taken; the sweep collects all the same."""
        payload = json.dumps({"collect": f"{call_hash:064x}"}).encode()
        with translated("waker"):
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)

    def look(self, groups: Sequence[Sequence[int]]) -> bool:
        """Raises StoreUnavailable when the queue does not take them."""
        if self._looks is None:
            return False
        self._looks.send(groups)
        return True
