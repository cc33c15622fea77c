"""Receipts: the oracle's signed statement about one call."""

from enum import IntEnum
from typing import Any, NamedTuple

from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import MAX_UNIX_SECONDS
from sealrun.encoding import read
from sealrun.encoding.fields import NETWORKS, RECEIPT, network_field, tagged_hash, text_field
from sealrun.errors import Malformed
from sealrun.receipts.grade import Grade


class Outcome(IntEnum):
    """How a call ended; the oracle signs the number."""

    SUCCEEDED = 1
    FAILED = 2  # a job failed, or ran more than once (R5)
    CANCELED = 3
    SKIPPED = 4
    NEVER_STARTED = 5  # the provider refused, or did not start it in time
    TIME_LIMIT = 6  # stopped because the offer's time was over
    SOURCE_CHANGED = 7  # the run was not of the offer's commit, ref, project or account (R4)
    OUTPUTS_REFUSED = 8  # the outputs are missing, too large, or unsafe to unpack
    UNREACHABLE = 9  # the provider did not answer for days
    GRADE_NOT_REACHED = 10  # the run succeeded, but its evidence does not reach the offer's grade (E2)


_HASHES = ("call_hash", "offer_hash", "source_hash", "inputs_hash", "outputs_hash", "profile_hash")


class Receipt(NamedTuple):
    """The statement that the oracle signs. Hashes are fields; ``finished_at`` is in Unix seconds."""

    network: str
    call_hash: int
    offer_hash: int
    source_hash: int
    inputs_hash: int
    outputs_hash: int
    profile_hash: int
    status: Outcome
    grade: Grade
    finished_at: int

    def fields(self) -> list[int]:
        """The eleven fields that are signed, in their order."""
        hashes = [getattr(self, name) for name in _HASHES]
        end = [int(self.status), int(self.grade), self.finished_at]
        return [text_field(RECEIPT), network_field(self.network), *hashes, *end]

    @property
    def hash(self) -> int:
        """``H("sealrun:receipt-hash", the eleven fields)``, the receipt in the tree of dues."""
        return tagged_hash("sealrun:receipt-hash", self.fields())

    def data(self) -> dict[str, Any]:
        """The receipt as JSON; fields are decimal strings, as o1js reads them."""
        return {
            "network": self.network,
            **{name: str(getattr(self, name)) for name in _HASHES},
            "status": int(self.status),
            "grade": int(self.grade),
            "finished_at": self.finished_at,
        }

    @classmethod
    def parse(cls, data: object) -> "Receipt":
        """Read ``data`` back.

        Raises:
            Malformed: a name is missing or unknown, or a value is not of its form.
        """
        value = read.only(data, ("network", *_HASHES, "status", "grade", "finished_at"), where="data")
        return cls(
            network=read.one_of(value, "network", NETWORKS),
            **{name: read.decimal(value, name, high=P - 1) for name in _HASHES},
            status=Outcome(read.whole(value, "status", low=1, high=len(Outcome))),
            grade=Grade(read.whole(value, "grade", low=min(Grade), high=max(Grade))),
            finished_at=read.whole(value, "finished_at", low=0, high=MAX_UNIX_SECONDS),
        )


class SignedReceipt(NamedTuple):
    """``{data, signature, publicKey}``, the shape of Mina's oracle tutorial."""

    receipt: Receipt
    signature: Signature
    public_key: PublicKey

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "data": self.receipt.data(),
            "signature": self.signature.to_base58(),
            "publicKey": self.public_key.to_base58(),
        }

    @classmethod
    def parse(cls, document: object) -> "SignedReceipt":
        """Read the JSON object; the signature is not checked, see ``holds``.

        Raises:
            Malformed: it is not of this form.
        """
        value = read.only(document, ("data", "signature", "publicKey"), where="receipt")
        try:
            signature = Signature.from_base58(value["signature"])
            public_key = PublicKey.from_base58(value["publicKey"])
        except ValueError as error:
            raise Malformed(f"receipt: {error}") from error
        return cls(Receipt.parse(value["data"]), signature, public_key)

    def holds(self) -> bool:
        """True if ``public_key`` signed these data; only the offer says whose key that is."""
        return verify_fields(self.signature, self.public_key, self.receipt.fields())
