"""Fetch public items that the evidence folder lacks from an IPFS gateway, by the CIDs in the index."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sealrun.encoding.measure import Measured, measure
from sealrun.errors import Malformed
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Leaf
from sealrun.ports.folder import Folder
from sealrun.verification.claims import INDEX
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.units import size

# What is read as a document, such as run.json; larger items are only measured as they pass.
MAX_DOCUMENT_BYTES = 8 << 20
MAX_ITEM_BYTES = 4 << 30
# Of one verification: as many bytes as it measures of a folder, in as long as one file may take.
MAX_TOTAL_BYTES = 8 << 30
MAX_TOTAL_SECONDS = 3600.0


@dataclass
class Allowance:
    """What one verification still takes from a gateway, whatever the index says that there is."""

    bytes_left: int = MAX_TOTAL_BYTES
    seconds: float = MAX_TOTAL_SECONDS
    clock: Callable[[], float] = time.monotonic
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.ends = self.clock() + self.seconds

    def spend(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks, until bytes or time are used up.

        Raises:
            CliError: they are.
        """
        for chunk in chunks:
            self.bytes_left -= len(chunk)
            self.check()
            yield chunk

    def check(self) -> None:
        """Raise if nothing is left."""
        if self.bytes_left < 0:
            raise CliError("too-large", f"gateway: expected at most {size(MAX_TOTAL_BYTES)} in all, got more")
        if self.clock() > self.ends:
            raise CliError("unreachable", f"gateway: expected all within {self.seconds:g} s, got less")


@dataclass(frozen=True)
class GatewayFolder:
    """A folder, and the items of its index that it lacks; the gateway's bytes are measured."""

    folder: Folder
    service: Service
    gateway: str  # https://host, without a path
    missing: Mapping[str, tuple[str, Leaf]]  # CID and leaf by place
    allowance: Allowance = field(default_factory=Allowance)

    def names(self) -> list[str]:
        return sorted({*self.folder.names(), *self.missing})

    def document(self, name: str) -> bytes | None:
        if name not in self.missing:
            return self.folder.document(name)
        with self._stream(name, at_most=MAX_DOCUMENT_BYTES) as chunks:
            return b"".join(chunks)

    def read(self, name: str) -> Iterator[bytes]:
        if name not in self.missing:
            yield from self.folder.read(name)
            return
        with self._stream(name, at_most=MAX_ITEM_BYTES) as chunks:
            yield from chunks

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        if name not in self.missing:
            return self.folder.measure(name, size=size)
        with self._stream(name, at_most=MAX_ITEM_BYTES) as chunks:
            return measure(chunks)

    @contextmanager
    def _stream(self, name: str, *, at_most: int) -> Iterator[Iterator[bytes]]:
        """The item's bytes, as many as its leaf says.

        Raises:
            Malformed: the gateway lacks them, or sends more.
        """
        cid, leaf = self.missing[name]
        try:
            self.allowance.check()
            with self.service.stream(f"{self.gateway}/ipfs/{cid}", at_most=min(leaf.size, at_most)) as chunks:
                yield self.allowance.spend(chunks)
        except CliError as error:
            raise Malformed(f"{name}: expected {size(leaf.size)} from the gateway, {error}") from error


def with_gateway(folder: Folder, *, gateway: str, service: Service) -> Folder:
    """The folder, filled up from a gateway; unchanged if it has no readable index."""
    document = folder.document(INDEX)
    if document is None:
        return folder
    try:
        index = Index.parse(document)
    except Malformed:
        return folder  # the verifier says what is wrong with it
    here = set(folder.names())
    missing = {place: at for place, at in index.with_cids().items() if place not in here}
    return GatewayFolder(folder, service, gateway.rstrip("/"), missing)
