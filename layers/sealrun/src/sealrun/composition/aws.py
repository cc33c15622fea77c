"""The stores, keys and wakes of a stack on AWS."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.composition.settings import Settings

if TYPE_CHECKING:
    from sealrun.adapters.aws.kms import KmsKeys
    from sealrun.adapters.aws.look_queue import LookQueue
    from sealrun.adapters.aws.metrics import Meter
    from sealrun.adapters.aws.s3 import S3EvidenceStore
    from sealrun.adapters.aws.waker import LambdaWaker


class Aws:
    """``sealrun.composition.outside.Outside`` on DynamoDB, S3, KMS, Lambda and CloudWatch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def ledger(self) -> DynamoLedger:
        settings = self._settings
        return DynamoLedger(_client("dynamodb"), table=settings.table, serves=settings.offers)

    def store(self) -> "S3EvidenceStore":
        from sealrun.adapters.aws.s3 import S3EvidenceStore, open_s3  # noqa: PLC0415

        return S3EvidenceStore(open_s3(), bucket=self._settings.evidence_bucket)

    def keys(self) -> "KmsKeys":
        from sealrun.adapters.aws.kms import KmsKeys  # noqa: PLC0415

        return KmsKeys(_client("kms"), key_id=self._settings.kms_key)

    def waker(self) -> "LambdaWaker":
        from sealrun.adapters.aws.waker import LambdaWaker  # noqa: PLC0415

        function = self._settings.collect_function
        return LambdaWaker(_client("lambda"), function=function, looks=self._looks())

    def share(self, offer_hash: int) -> AbstractContextManager[bool]:  # noqa: ARG002
        """Each request has an instance of a function for itself."""
        return nullcontext(True)  # noqa: FBT003

    def _looks(self) -> "LookQueue | None":
        if not self._settings.look_queue:
            return None
        import boto3  # noqa: PLC0415

        from sealrun.adapters.aws.look_queue import LookQueue  # noqa: PLC0415

        return LookQueue(boto3.client("sqs"), url=self._settings.look_queue)

    def meter(self) -> "Meter":
        from sealrun.adapters.aws.metrics import Meter  # noqa: PLC0415

        return Meter(self._settings.metrics)

    def ledger_id(self) -> int:
        return self._settings.ledger

    def oracle_key(self, address: str) -> bytes:
        return self._settings.oracle_keys.get(address, self._settings.oracle_key)


def _client(service: Any) -> Any:
    from sealrun.adapters.aws.direct.opening import open_client  # noqa: PLC0415

    return open_client(service)
