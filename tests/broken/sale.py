"""One good sale with every kind of evidence, and how an oracle that lies would hand out another.

The good one is what the workflows made of a call when it was kept. ``Sale.folder`` makes a folder out of its
parts as the workflows do (a test holds the two together), so that a part can be changed and everything signed
again over it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from mina.keys import PrivateKey
from sealrun.calls.call import Call, PublicCall, SignedCall
from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import measure_document
from sealrun.evidence.evidence import Evidence, Item, Tree
from sealrun.evidence.index import Index, parse_openings
from sealrun.evidence.leaves import Kind
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.receipts.statements import Subject, envelope, pae, statements
from sealrun.runs.document import LABEL
from sealrun.runs.judge import run_name
from sealrun.runs.record import Record
from tests.sealrun.fakes import FakeOracle
from tests.sealrun.world import ORACLE, World, evidence_value, make_offer

GOOD = Path(__file__).parent / "folders" / "good"
Files = dict[str, bytes]
POLICY = evidence_value(
    inputs="public", outputs=["build/dist/*"], log=["*built*"], symbols=["main"], probes=["steps"]
)
LEFT = {
    "dist/again.txt": b"built again\n",
    "dist/out.txt": b"built\n",
    "notes.txt": b"nobody but the buyer reads this\n",
    "sealrun-profile/probes.json": b'{"probes":{"steps":[1,2,3],"secret":[4]}}',
    "sealrun-profile/profile.folded": b"main;hidden 3\nmain;hidden;deeper 1\n",
    "sealrun-profile/profile.json": b'{"hz":99,"sampler":"perf","samples":4}',
}
OPENED = "disclosures/notes.json"


@dataclass(frozen=True)
class Sale:
    """What a receipt is made of; ``left`` is the bytes by their SHA-256."""

    offer: Offer
    call: PublicCall
    inputs: bytes
    run: Mapping[str, Any]
    outputs: tuple[Item, ...]
    profile: tuple[Item, ...]  # without the run's document
    finished_at: int
    left: Mapping[str, bytes] = field(repr=False)
    status: Outcome = Outcome.SUCCEEDED
    grade: int = 0
    oracle: PrivateKey = ORACLE

    def folder(self, document: bytes | None = None, /, **receipt: Any) -> Files:
        """The buyer's evidence folder, with other values in the receipt where they are named.

        ``document`` is the run's, where no canonical JSON can hold it.
        """
        oracle, document = FakeOracle(self.oracle), document or canonical(self.run)
        evidence = self.evidence(document)
        signed = self._signed(evidence, oracle, receipt)
        about = Subject(signed, self.offer, Index.parse(evidence.index), self.run)
        lines = [envelope_of(payload, oracle) for payload in statements(about)]
        return {
            "receipt.json": canonical(signed.document()),
            "receipt.intoto.jsonl": b"".join(lines),
            "offer.json": self.offer.document,
            "call.json": self.call.document(),
            "inputs.json": self.inputs,
            "index.json": evidence.index,
            "openings.json": evidence.openings,
            **self._files(evidence, document),
            **self._disclosed(evidence),
        }

    def of(self, call: PublicCall, **changes: Any) -> "Sale":
        """The same of another call, whose run bears its name."""
        name = f"{call.hash:064x}"
        run = {**self.run, "call": name, "run": {**self.run["run"], "name": run_name(name)}}
        return replace(self, call=call, run=run, **changes)

    def evidence(self, document: bytes) -> Evidence:
        """Both trees, with this document of the run."""
        measured, call = measure_document(document), f"{self.call.hash:064x}"
        seed = FakeOracle(self.oracle).seed(call)
        run = Item(Kind.RUN, LABEL, measured.sha256, measured.size, public=True, cid=measured.cid)
        return Evidence(
            call, Tree("outputs", self.outputs, seed), Tree("profile", (run, *self.profile), seed)
        )

    def place(self, label: str) -> int:
        """The place of an output."""
        return [item.label for item in self.outputs].index(label)

    def _signed(self, evidence: Evidence, oracle: FakeOracle, changes: Mapping[str, Any]) -> SignedReceipt:
        values: dict[str, Any] = {
            "network": self.call.network,
            "call_hash": self.call.hash,
            "offer_hash": self.offer.hash,
            "source_hash": self.offer.source_hash,
            "inputs_hash": self.call.inputs_hash,
            "outputs_hash": evidence.outputs.hash,
            "profile_hash": evidence.profile.hash,
            "status": self.status,
            "grade": self.grade,
            "finished_at": self.finished_at,
        }
        receipt = Receipt(**{**values, **changes})
        return SignedReceipt(receipt, oracle.sign(receipt.fields()), oracle.public_key)

    def _disclosed(self, evidence: Evidence) -> Files:
        """The file that the index does not show, where there is one."""
        if "build/notes.txt" not in [item.label for item in self.outputs]:
            return {}
        return {OPENED: canonical(evidence.outputs.disclosure(self.place("build/notes.txt")))}

    def _files(self, evidence: Evidence, document: bytes) -> Files:
        known = {**self.left, hashlib.sha256(document).hexdigest(): document}
        trees = (evidence.outputs, evidence.profile)
        items = [(tree.name, item) for tree in trees for item in tree.items if item.kind is not Kind.LINE]
        return {f"{name}/{item.label}": known[item.sha256] for name, item in items}


def envelope_of(payload: bytes, oracle: FakeOracle) -> bytes:
    """A statement in its envelope."""
    return envelope(payload, key=oracle.statement_key, signature=oracle.sign_statement(pae(payload)))


def sold() -> tuple[World, Record]:
    """One call of the rich offer, to its end, by the workflows."""
    world = World(make_offer(evidence=POLICY))
    world.provider.files = LEFT
    record = world.call().record
    world.provider.runs[1] = replace(world.provider.runs[1], started_at=world.clock.now + 1)
    return world, world.settle(record.call_hash)


def sale_of(world: World, record: Record) -> Sale:
    """The parts of what the workflows made."""
    assert record.ending is not None
    call: Call = SignedCall.parse(record.body, world.offer).call
    kept = world.kept(record)
    together = (kept.run(""), *(log.encode() for log in kept.logs.values()))
    return _sale(
        world.offer,
        call.public,
        call.inputs_document,
        kept.index,
        kept.openings,
        record.ending.finished_at,
        {**world.store.bytes, **{hashlib.sha256(each).hexdigest(): each for each in together}},
    )


@cache
def good_sale() -> Sale:
    """The parts of the good folder that is kept: it stays as it is, whatever the workflows make by now."""
    files = {
        path.relative_to(GOOD).as_posix(): path.read_bytes() for path in GOOD.rglob("*") if path.is_file()
    }
    finished_at = json.loads(files["receipt.json"])["data"]["finished_at"]
    documents = Offer.parse(files["offer.json"]), PublicCall.parse(files["call.json"]), files["inputs.json"]
    left = {hashlib.sha256(data).hexdigest(): data for data in files.values()}
    return _sale(*documents, files["index.json"], files["openings.json"], finished_at, left)


def _sale(
    offer: Offer,
    call: PublicCall,
    inputs: bytes,
    index: bytes,
    openings: bytes,
    finished_at: int,
    left: Mapping[str, bytes],
) -> Sale:
    entries, leaves = Index.parse(index).trees, parse_openings(openings)[1]
    items = {
        name: tuple(
            Item(leaf.kind, leaf.label, leaf.sha256, leaf.size, entry.leaf is not None, entry.cid, entry.text)
            for leaf, entry in zip(leaves[name], entries[name], strict=True)
        )
        for name in ("outputs", "profile")
    }
    run, *profile = items["profile"]
    return Sale(
        offer, call, inputs, json.loads(left[run.sha256]), items["outputs"], tuple(profile), finished_at, left
    )
