"""The documents and logs behind one receipt: small ones lie in one object of the store, large ones alone.

A store charges for each object that is put. What lies together is handed out within an answer; only an object
that lies alone has a URL of its own, so that nobody who may see one document gets the others with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import measure_document
from sealrun.ports.evidence import Content, EvidenceStore
from sealrun.runs.record import Record

INDEX, OPENINGS, STATEMENTS, RUN = "index", "openings", "statements", "run"
MEDIA_TYPES = {
    INDEX: "application/json",
    OPENINGS: "application/json",
    STATEMENTS: "application/jsonl",
    RUN: "application/json",
}
# Bytes of a document within an answer, as JSON within JSON, which has 6 MB; the object has four and the logs.
MAX_TOGETHER = 512 << 10
# Of all logs there: a control character takes six bytes in JSON.
MAX_LOGS = 128 << 10


def store_alone(store: EvidenceStore, name: str, document: bytes) -> str:
    """Store one document; its SHA-256."""
    measured = measure_document(document)
    store.put(lambda: [document], measured, media_type=MEDIA_TYPES[name])
    return measured.sha256


def store_documents(
    store: EvidenceStore, documents: Mapping[str, bytes], logs: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Store documents in UTF-8; the SHA-256 of the object with the small ones and the logs, or empty."""
    small = {name: each.decode() for name, each in documents.items() if _in_an_answer(each) <= MAX_TOGETHER}
    for name, document in documents.items():
        if name not in small:
            store_alone(store, name, document)
    if not small and not logs:
        return ""
    together = canonical({**small, **logs})
    measured = measure_document(together)
    store.put(lambda: [together], measured, media_type="application/json")
    return measured.sha256


def _in_an_answer(document: bytes) -> int:
    """Bytes of the document there: an escaped quote, of two bytes, takes eight."""
    return len(json.dumps(json.dumps(document.decode())))


@dataclass
class SmallLogs:
    """Those logs of one run that are small texts, by their places in an evidence folder."""

    room: int = MAX_LOGS  # bytes that still fit
    texts: dict[str, str] = field(default_factory=dict)

    def take(self, place: str, content: Content, size: int) -> bool:
        """Keep the log of so many bytes; False where it has to lie alone."""
        if size > self.room:
            return False
        try:
            self.texts[place] = b"".join(content()).decode()
        except UnicodeDecodeError:
            return False
        self.room -= size
        return True


class ReceiptDocuments:
    """The documents of a call that is over; every method raises StoreUnavailable."""

    def __init__(self, record: Record, store: EvidenceStore) -> None:
        self._record, self._store = record, store

    @cached_property
    def index(self) -> bytes:
        return self._get(INDEX, self._record.index)

    @cached_property
    def openings(self) -> bytes:
        return self._get(OPENINGS, self._record.openings)

    @cached_property
    def statements(self) -> bytes:
        return self._get(STATEMENTS, self._record.statements)

    def lies_together(self, name: str) -> bool:
        """True where it lies with others: then it has no URL, and stands in an answer."""
        return name in self._together

    @property
    def run_together(self) -> str | None:
        """The run's document where it lies with the others; None where it is a file like any other."""
        return self._together.get(RUN)

    @cached_property
    def logs(self) -> Mapping[str, str]:
        """The logs that lie with the documents, by their places."""
        return {name: text for name, text in self._together.items() if name not in MEDIA_TYPES}

    def run(self, sha256: str) -> bytes:
        """The run's document, wherever it lies; the index has its digest."""
        return self._get(RUN, sha256)

    def _get(self, name: str, sha256: str) -> bytes:
        if name in self._together:
            return self._together[name].encode()
        return self._store.get(sha256)

    @cached_property
    def _together(self) -> dict[str, str]:
        return dict(json.loads(self._store.get(self._record.together))) if self._record.together else {}
