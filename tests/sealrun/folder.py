"""An evidence folder in memory, as a client would write it."""

from collections.abc import Iterator

from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import Measured, measure_document
from sealrun.evidence.index import TREES, Index, parse_openings
from sealrun.runs.record import Record
from sealrun.workflows.read_receipt import _documents
from tests.sealrun.world import World


class MemoryFolder(dict[str, bytes]):
    """``sealrun.ports.folder.Folder``."""

    def names(self) -> list[str]:
        return sorted(self)

    def document(self, name: str) -> bytes | None:
        return self.get(name)

    def read(self, name: str) -> Iterator[bytes]:
        yield self.document(name) or b""

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        return measure_document(self[name])


def folder_of(world: World, record: Record, *, buyer: bool = True) -> MemoryFolder:
    """All that the buyer gets, or what anyone gets."""
    store, kept = world.store, world.kept(record)
    index = kept.index
    folder = MemoryFolder({"receipt.json": canonical(record.receipt), "index.json": index})
    folder["receipt.intoto.jsonl"] = kept.statements
    documents = _documents(record, world.offer, kept, buyer=buyer)
    folder.update({name: text.encode() for name, text in documents.items()})
    leaves = [(name, entry.leaf) for name in TREES for entry in Index.parse(index).trees[name] if entry.leaf]
    if buyer:
        folder["openings.json"] = kept.openings
        opened = parse_openings(folder["openings.json"])[1]
        leaves = [(name, leaf) for name in TREES for leaf in opened[name]]
    places = [f"{name}/{leaf.label}" for name, leaf in leaves]
    folder.update({place: kept.logs[place].encode() for place in places if place in kept.logs})
    here = [(name, leaf) for name, leaf in leaves if leaf.sha256 in store.bytes]
    folder.update({f"{name}/{leaf.label}": store.bytes[leaf.sha256] for name, leaf in here})
    return folder
