"""Writes disclosed.json for o1js: a run's outputs as `sealrun disclose` shows them, and a signed mirror.

python -m tests.vectors.make_disclosed
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.encoding.cids import FileCid
from sealrun.evidence.evidence import disclosure
from sealrun.evidence.leaves import Kind, Leaf, salt, tree_hash
from sealrun.mirror.statement import Statement

FILE = Path(__file__).parent / "disclosed.json"
FILES = {"build/result.txt": b"hello\n", "build/größe/empty": b"", "test/report.json": b"{}" * 100}
SIGNER = PrivateKey(1234567890)
STATEMENT = Statement("mina:devnet", "https://gitlab.com/group/job", "8f" * 20, 2**250 + 7, 1_796_000_000)


def make() -> dict[str, Any]:
    """What the file holds."""
    leaves = [
        Leaf(
            at,
            Kind.OUTPUT,
            label,
            hashlib.sha256(data).hexdigest(),
            len(data),
            salt(bytes(32), "outputs", at),
        )
        for at, (label, data) in enumerate(FILES.items())
    ]
    log = Leaf(0, Kind.LOG, "build/result.txt", leaves[0].sha256, leaves[0].size, leaves[0].salt)
    return {
        "outputs_hash": str(tree_hash("sealrun:outputs", [leaf.hash for leaf in leaves])),
        "disclosures": [disclosure("outputs", leaves, at) for at in range(len(leaves))],
        "cids": [_cid(data) for data in FILES.values()],
        "log": {
            "outputs_hash": str(tree_hash("sealrun:outputs", [log.hash])),
            "disclosure": disclosure("outputs", [log], 0),
        },
        "statement": STATEMENT.signed(SIGNER.public_key(), sign_fields(SIGNER, STATEMENT.fields())),
    }


def _cid(data: bytes) -> str:
    cid = FileCid()
    cid.update(data)
    return cid.cid()


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n")
