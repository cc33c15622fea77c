"""What verifying a receipt costs beside the hashes that it takes: `python -m bench.verification [--json]`.

Folders of evidence on disk with 1,000 and with 4,096 files, each of them shown and opened. The peer is the
same number of bare hashes in the same run: for each leaf Poseidon of its label and of its fields and SHA-256
of its twin, for each node Poseidon, and SHA-256 of each file's bytes. Figures are seconds of the process's
own CPU.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.table import Row, as_json, as_text, row
from mina.keys import PrivateKey
from mina.poseidon import hash_with_prefix
from mina.sign import sign_fields
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import measure_document
from sealrun.evidence.evidence import Evidence, Item, Tree
from sealrun.evidence.leaves import DEPTH, Kind
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.verification.claims import INDEX, OPENINGS, RECEIPT
from sealrun.verification.verify import Trust, verify

SIZES = (1000, 4096)  # a run of some size, and a full tree
ROUNDS = 5
PEER = "the same hashes alone"
REACH = 1.3
KEY = PrivateKey(0x1234567890ABCDEF << 180)
SEED = bytes(range(32))
FIELD = 1 << 250  # any field: how long a hash takes does not depend on its value


def rows() -> list[Row]:
    """Measure; about two minutes."""
    return [_row(items) for items in SIZES]


def _row(items: int) -> Row:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        files = write(root, items)
        turns = [(_verify(root, items), _hash(files)) for _ in range(ROUNDS)]
    ours, bare = zip(*turns, strict=True)
    return row(f"verify {items} items: CPU", "s", ours, peer=(PEER, bare), reach=REACH)


def write(root: Path, count: int) -> Mapping[str, bytes]:
    """An evidence folder in which every item is an output; its files by their places."""
    files = {f"build/dist/{at}.txt": b"%d\n" % at for at in range(count)}
    measured = {label: measure_document(data) for label, data in files.items()}
    items = tuple(
        Item(Kind.OUTPUT, label, one.sha256, one.size, public=True, cid=one.cid)
        for label, one in measured.items()
    )
    call = "0" * 63 + "1"
    evidence = Evidence(call, Tree("outputs", items, SEED), Tree("profile", (), SEED))
    hashes = (1, 2, 3, 4, evidence.outputs.hash, evidence.profile.hash)
    receipt = Receipt("mina:devnet", *hashes, Outcome.SUCCEEDED, Grade.OPERATOR, 1_800_000_000)
    signed = SignedReceipt(receipt, sign_fields(KEY, receipt.fields()), KEY.public_key())
    documents = {
        RECEIPT: canonical(signed.document()),
        INDEX: evidence.index,
        OPENINGS: evidence.openings,
        **{f"outputs/{label}": data for label, data in files.items()},
    }
    for name, data in documents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return files


def _verify(root: Path, items: int) -> float:
    """Seconds of CPU for all checks of the folder."""
    receipt, start = (root / RECEIPT).read_bytes(), time.process_time()
    result = verify(receipt, DiskFolder(root), Trust())
    seconds = time.process_time() - start
    if not result.holds or len(result.claims) < items:
        raise AssertionError(f"expected a claim that holds for each item, got {result.broken[:1]}")
    return seconds


def _hash(files: Mapping[str, bytes]) -> float:
    """Seconds of CPU for the bare hashes of as many leaves, nodes and files."""
    twin = b"\0" + bytes(300)
    start = time.process_time()
    for data in files.values():
        hashlib.sha256(data).digest()
        hashlib.sha256(twin).digest()
        hash_with_prefix("sealrun:label", [FIELD, FIELD])
        hash_with_prefix("sealrun:leaf", [FIELD] * 6)
    for level in range(1, DEPTH + 1):
        for _ in range(max(1, -(-len(files) // 2**level))):
            hash_with_prefix("sealrun:node", [FIELD, FIELD])
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    arguments = parser.parse_args()
    measured = rows()
    print(as_json(measured) if arguments.json else as_text(measured))


if __name__ == "__main__":
    main()
