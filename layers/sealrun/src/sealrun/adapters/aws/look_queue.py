"""The SQS queue of calls to look at: one message for each group."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sealrun.adapters.aws.errors import MAX_WORDS, translated
from sealrun.encoding.read import hex_field
from sealrun.errors import StoreUnavailable

# As many messages as SQS takes in one request.
BATCH = 10


class LookQueue:
    """Messages live for minutes only: what is lost is due at the next sweep as well."""

    def __init__(self, client: Any, *, url: str) -> None:
        self._client, self._url = client, url

    def send(self, groups: Sequence[Sequence[int]]) -> None:
        """Send a message for each group.

        Raises:
            StoreUnavailable: SQS did not answer, and no more was sent; or it took some of them only.
        """
        bodies = [json.dumps({"look": [f"{each:064x}" for each in group]}) for group in groups]
        failed: list[Mapping[str, Any]] = []
        for start in range(0, len(bodies), BATCH):
            entries: Any = [
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate(bodies[start : start + BATCH])
            ]
            with translated("queue"):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            failed += answer.get("Failed", [])
        if failed:
            codes = " ".join(sorted({str(each["Code"]) for each in failed}))
            took = len(bodies) - len(failed)
            raise StoreUnavailable(
                f"queue: expected {len(bodies)} messages taken, got {took}, and {codes} for the rest",
                words=str(failed[0].get("Message", ""))[:MAX_WORDS],
            )


def calls_of(event: Mapping[str, Any]) -> list[int]:
    """The call hashes in the messages of Lambda's event."""
    bodies = [json.loads(record["body"]) for record in event["Records"]]
    return [hex_field(each, where="look") for body in bodies for each in body["look"]]
