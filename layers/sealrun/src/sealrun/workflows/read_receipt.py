"""Show a call: its state and receipt to anyone, what it left to the buyer (L5)."""

from collections.abc import Iterator, Mapping
from typing import Any

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import (
    MAX_READ_SECONDS,
    MAX_UNIX_SECONDS,
    SignedCall,
    check_expiry,
    read_fields,
)
from sealrun.encoding import read
from sealrun.errors import NotAllowed, NotFound
from sealrun.evidence.index import TREES, Index, parse_openings
from sealrun.evidence.leaves import Kind, Leaf
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Ledger
from sealrun.ports.evidence import EvidenceStore
from sealrun.runs.document import LABEL
from sealrun.runs.record import Record
from sealrun.service.views import public_view
from sealrun.workflows import receipt_documents
from sealrun.workflows.list_calls import check_calls_right
from sealrun.workflows.receipt_documents import ReceiptDocuments
from sealrun.workflows.show_tokens import TREE, shown_tokens, token_disclosures

URL_SECONDS = 300
# Files of one page: names and signed URLs may have 3 KB each.
PAGE_FILES = 300
# Of a document that is an answer by itself.
MAX_STATEMENTS = 4 << 20
# The run's document as evidence folders have it.
RUN_PLACE = f"profile/{LABEL}"
INDEX, OPENINGS, STATEMENTS = "index.json", "openings.json", "receipt.intoto.jsonl"


def read_call(call_id: str, *, ledger: Ledger) -> dict[str, Any]:
    """The call's public state: never its inputs, its outputs' names, or its log.

    Raises:
        Malformed: the id is no hash.
        NotFound: no such call was claimed here.
    """
    return public_view(_record(call_id, ledger))


def read_receipt(call_id: str, *, ledger: Ledger) -> Mapping[str, Any]:
    """``{data, signature, publicKey}``.

    Raises:
        NotFound: no such call was claimed here, or it is not over yet.
    """
    record = _record(call_id, ledger)
    if record.receipt is None:
        raise NotFound(f"receipt: expected a call that is over, got one that is {record.state}")
    return record.receipt


def read_statements(call_id: str, *, ledger: Ledger, store: EvidenceStore) -> bytes | str:
    """``receipt.intoto.jsonl``: the same in in-toto statements, for the tools of the supply chain.

    Returns:
        The statements, or where they are to be had for some minutes if they are too large for an answer.

    Raises:
        NotFound: no such call was claimed here, or it is not over yet.
    """
    record = _record(call_id, ledger)
    if record.receipt is None:
        raise NotFound(f"statements: expected a call that is over, got one that is {record.state}")
    found = ReceiptDocuments(record, store).statements
    if len(found) > MAX_STATEMENTS:
        return store.url(record.statements, seconds=URL_SECONDS, filename=STATEMENTS)
    return found


def read_evidence(
    call_id: str,
    right: Mapping[str, str],
    *,
    service: str,
    ledger: Ledger,
    store: EvidenceStore,
    now: int,
    after: int = 0,
) -> dict[str, Any]:
    """The call's documents and index, and where its files are to be had for some minutes, page after page.

    A document that is too large to stand in an answer stands among the files instead: a function's answer has
    at most 6 MB, and a run within all of its limits may leave an index of 8 MiB.

    Args:
        call_id: the call hash, 64 hex digits.
        right: ``expires_at`` and ``signature`` of the buyer, and ``key`` where it is a right to all of the
            account's calls; or empty: then only what the offer's policy names is shown.
        service: the URL of this service, which a right to read must name.
        ledger: the table of calls.
        store: where the evidence lies.
        now: Unix seconds.
        after: how many files earlier pages had; documents stand on the first page only.

    Raises:
        NotFound: no such call, not over yet, or its offer is of an older sealrun.
        NotAllowed: the signature does not hold.
        Expired: the right to read is over, or more than an hour ahead.
    """
    record = _record(call_id, ledger)
    stored = ledger.offer(record.offer_hash)
    if record.receipt is None:
        raise NotFound(f"evidence: expected a call that is over, got one that is {record.state}")
    if stored is None:
        raise NotFound(
            "evidence: expected a call of an offer that is served here, got one of an older sealrun or of "
            "another service; the version that took the call shows what it left"
        )
    buyer = bool(right) and _check_right(record, right, stored.offer, service=service, now=now)
    kept = ReceiptDocuments(record, store)
    index, openings = kept.index, kept.openings if buyer else None
    leaves = _shown_leaves(index) if openings is None else _all_leaves(openings)
    tokens = [] if buyer else shown_tokens(kept, stored.offer, now=now)
    leaves += [(TREE, token) for token in tokens]
    opened = {place: kept.logs[place] for place in map(_place, leaves) if place in kept.logs}
    inline = {Kind.LINE} if kept.run_together is None else {Kind.LINE, Kind.RUN}
    files = [leaf for leaf in leaves if leaf[1].kind not in inline and _place(leaf) not in opened]
    page = [_file(store, tree, leaf) for tree, leaf in files[after : after + PAGE_FILES]]
    left = after + PAGE_FILES if len(files) > after + PAGE_FILES else None
    if after:
        return {"documents": {}, "index": None, "openings": None, "files": page, "next": left}
    opened |= {name: _text(each) for name, each in token_disclosures(kept, tokens).items()}
    return {
        "documents": {**_documents(record, stored.offer, kept, buyer=buyer), **opened},
        "index": _text(index) if kept.lies_together(receipt_documents.INDEX) else None,
        "openings": _text(openings) if openings and kept.lies_together(receipt_documents.OPENINGS) else None,
        "files": [*_large(record, index, openings, kept, store), *page],
        "next": left,
    }


def _large(
    record: Record, index: bytes, openings: bytes | None, kept: ReceiptDocuments, store: EvidenceStore
) -> Iterator[dict[str, Any]]:
    """Where the documents are to be had that are too large to stand in the answer."""
    documents = (
        (receipt_documents.INDEX, INDEX, index, record.index),
        (receipt_documents.OPENINGS, OPENINGS, openings, record.openings),
        (receipt_documents.STATEMENTS, STATEMENTS, kept.statements, record.statements),
    )
    for kind, name, document, sha256 in documents:
        if document is not None and not kept.lies_together(kind):
            url = store.url(sha256, seconds=URL_SECONDS, filename=name)
            yield {"name": name, "sha256": sha256, "size": len(document), "url": url}


def _documents(record: Record, offer: Offer, kept: ReceiptDocuments, *, buyer: bool) -> dict[str, str]:
    """What opens the receipt's other hashes; the inputs only to whom they may be shown (L5, R7)."""
    call = SignedCall.parse(record.body, offer).call
    documents = {"offer.json": offer.document, "call.json": call.public.document()}
    if buyer or offer.evidence.inputs == "public":
        documents["inputs.json"] = call.inputs_document
    run = {} if kept.run_together is None else {RUN_PLACE: kept.run_together}
    return {**{name: _text(document) for name, document in documents.items()}, **run}


def _shown_leaves(index: bytes) -> list[tuple[str, Leaf]]:
    trees = Index.parse(index).trees
    return [(name, entry.leaf) for name in TREES for entry in trees[name] if entry.leaf]


def _all_leaves(openings: bytes) -> list[tuple[str, Leaf]]:
    _, trees = parse_openings(openings)
    return [(name, leaf) for name in TREES for leaf in trees[name]]


def _place(leaf: tuple[str, Leaf]) -> str:
    """An item's place in an evidence folder."""
    return f"{leaf[0]}/{leaf[1].label}"


def _file(store: EvidenceStore, tree: str, leaf: Leaf) -> dict[str, Any]:
    """Where an item's bytes are to be had, and its place in an evidence folder."""
    url = store.url(leaf.sha256, seconds=URL_SECONDS, filename=leaf.label.rsplit("/", 1)[-1])
    return {"name": _place((tree, leaf)), "sha256": leaf.sha256, "size": leaf.size, "url": url}


def _text(document: bytes) -> str:
    return document.decode("utf-8")


def _record(call_id: str, ledger: Ledger) -> Record:
    record = ledger.record(read.hex_field(call_id, where="call"))
    if record is None:
        raise NotFound(f"call: expected one that was claimed here, got {call_id}")
    return record


def _check_right(record: Record, right: Mapping[str, str], offer: Offer, *, service: str, now: int) -> bool:
    account = PublicKey.from_base58(record.account)
    buyer = PublicKey.from_base58(record.buyer) if record.buyer else account
    if "key" in right:
        key = check_calls_right(account, right, network=offer.network, service=service, now=now)
        if key != buyer:
            raise NotAllowed("key: expected that of the call's buyer, got another")
        return True
    value = read.only(dict(right), ("expires_at", "signature"), where="authorization")
    expires_at = read.decimal(value, "expires_at", high=MAX_UNIX_SECONDS)
    check_expiry(expires_at, now=now, at_most=MAX_READ_SECONDS)
    fields = read_fields(offer.network, account, record.call_hash, expires_at, service=service)
    try:
        holds = verify_fields(Signature.from_base58(value["signature"]), buyer, fields)
    except ValueError as error:
        raise NotAllowed(f"signature: {error}") from error
    if not holds:
        raise NotAllowed(
            "signature: expected the buyer's over the seven fields of a read at this service, got another"
        )
    return True
