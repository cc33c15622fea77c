"""Folders of evidence inside a folder of evidence: ``reads/CALL`` and ``reruns/CALL``."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sealrun.calls.call import parse_parent, parse_reads
from sealrun.encoding import read
from sealrun.encoding.fields import document_hash
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.measure import Measured
from sealrun.errors import Malformed
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.verification.claims import (
    INPUTS,
    MAX_RECEIPT_BYTES,
    READS,
    RECEIPT,
    RERUNS,
    Claim,
    not_shown,
    require,
    require_equal,
)

# Of an earlier receipt only three documents are looked at; a second run is verified whole, in seconds.
MAX_NESTED = {READS: 1000, RERUNS: 20}


@dataclass(frozen=True)
class Below:
    """``sealrun.ports.folder.Folder``: a folder inside another one."""

    folder: Folder
    prefix: str  # without a slash at its end

    def names(self) -> list[str]:
        return names_below(self.prefix, self.folder.names())

    def document(self, name: str) -> bytes | None:
        return self.folder.document(f"{self.prefix}/{name}")

    def read(self, name: str) -> Iterator[bytes]:
        return self.folder.read(f"{self.prefix}/{name}")

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        return self.folder.measure(f"{self.prefix}/{name}", size=size)


def names_below(prefix: str, names: Iterable[str]) -> list[str]:
    """The names of a folder's files, as they are named within it."""
    start = f"{prefix}/"
    return [name.removeprefix(start) for name in names if name.startswith(start)]


def not_measured(name: str, kind: str, call: str, count: int) -> Claim:
    """A claim that so many files of a nested folder were not measured (E5)."""
    own = f"verify {kind}/{call}/{RECEIPT} by itself"
    says = f"{count} files of {kind}/{call[:16]}… are not measured: {own}"
    return not_shown(name, says, rests_on="nobody")


def nested(names: Collection[str], kind: str) -> list[str]:
    """The folders of a kind that hold a receipt, by their calls.

    Raises:
        BrokenClaim: there are more than any evidence has.
    """
    parts = [name.split("/") for name in names]
    calls = [part[1] for part in parts if part[:1] == [kind] and part[2:] == [RECEIPT]]
    most = MAX_NESTED[kind]
    require(len(calls) <= most, f"{kind}: expected at most {most} receipts, got {len(calls)}")
    return sorted(calls)


def read_nested(folder: Folder, kind: str, call: str) -> SignedReceipt:
    """The receipt of one of them; raises what ``receipt_in`` does."""
    return receipt_in(Below(folder, f"{kind}/{call}"), call)


def receipt_in(folder: Below, call: str) -> SignedReceipt:
    """The receipt in a folder inside the folder.

    Raises:
        Malformed: it is not a receipt.
        BrokenClaim: its signature does not hold, or it is of another call than the folder's name says.
    """
    signed = SignedReceipt.parse(parse_object(folder.document(RECEIPT) or b"", at_most=MAX_RECEIPT_BYTES))
    require(signed.holds(), f"{folder.prefix}: signature: expected one that holds, got one that does not")
    require_equal(f"{folder.prefix}: the receipt's call", call, f"{signed.receipt.call_hash:064x}")
    return signed


def opened_inputs(receipt: Receipt, folder: Folder) -> Mapping[str, Any] | None:
    """inputs.json, if it is here and opens the receipt's hash: ``inputs``, ``salt`` and maybe links.

    Raises:
        Malformed: it is malformed.
        BrokenClaim: it is not what the receipt covers.
    """
    document = folder.document(INPUTS)
    if document is None:
        return None
    require_equal(INPUTS, str(receipt.inputs_hash), str(document_hash("sealrun:inputs", document)))
    return parse_inputs(document)


def parse_inputs(document: bytes) -> dict[str, Any]:
    """inputs.json as it is: ``inputs`` is an object; ``reads`` and ``parent`` may name receipts and a call.

    Raises:
        Malformed: it is not of this form.
    """
    value = read.only(
        parse_object(document), ("inputs", "salt"), where="inputs", optional=("reads", "parent")
    )
    if not isinstance(value["inputs"], dict):
        raise Malformed(f"inputs: expected an object, got {type(value['inputs']).__name__}")
    parse_reads(value.get("reads", []))
    if "parent" in value:
        parse_parent(value["parent"])
    return value
