"""Show a call: its state and receipt to anyone, what it left to the buyer (L5)."""

from collections.abc import Mapping
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
from sealrun.runs.record import Record
from sealrun.service.views import public_view
from sealrun.workflows.show_tokens import TREE, shown_tokens

URL_SECONDS = 300


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


def read_statements(call_id: str, *, ledger: Ledger, store: EvidenceStore) -> bytes:
    """``receipt.intoto.jsonl``: the same in in-toto statements, for the tools of the supply chain.

    Raises:
        NotFound: no such call was claimed here, or it is not over yet.
    """
    record = _record(call_id, ledger)
    if record.receipt is None:
        raise NotFound(f"statements: expected a call that is over, got one that is {record.state}")
    return store.get(record.statements)


def read_evidence(
    call_id: str,
    right: Mapping[str, str],
    *,
    service: str,
    ledger: Ledger,
    store: EvidenceStore,
    now: int,
) -> dict[str, Any]:
    """The call's documents and index, and where its files are to be had for some minutes.

    Args:
        call_id: the call hash, 64 hex digits.
        right: ``expires_at`` and ``signature`` of the buyer, or empty; without them only what the
            offer's policy names is shown.
        service: the URL of this service, which a right to read must name.
        ledger: the table of calls.
        store: where the evidence lies.
        now: Unix seconds.

    Raises:
        NotFound: no such call, or not over yet.
        NotAllowed: the signature does not hold.
        Expired: the right to read is over, or more than an hour ahead.
    """
    record = _record(call_id, ledger)
    stored = ledger.offer(record.offer_hash)
    if record.receipt is None or stored is None:
        raise NotFound(f"evidence: expected a call that is over, got one that is {record.state}")
    buyer = bool(right) and _check_right(record, right, stored.offer, service=service, now=now)
    index = store.get(record.index)
    openings = store.get(record.openings) if buyer else None
    leaves = _shown_leaves(index) if openings is None else _all_leaves(openings)
    tokens = [] if buyer else list(shown_tokens(record, stored.offer, store, now=now))
    leaves += [(TREE, token.leaf) for token in tokens]
    opened = {token.name: _text(token.document) for token in tokens}
    return {
        "documents": {**_documents(record, stored.offer, buyer=buyer), **opened},
        "index": _text(index),
        "openings": None if openings is None else _text(openings),
        "files": [_file(store, tree, leaf) for tree, leaf in leaves if leaf.kind is not Kind.LINE],
    }


def _documents(record: Record, offer: Offer, *, buyer: bool) -> dict[str, str]:
    """What opens the receipt's other hashes; the inputs only to whom they may be shown (L5, R7)."""
    call = SignedCall.parse(record.body, offer).call
    documents = {"offer.json": offer.document, "call.json": call.public.document()}
    if buyer or offer.evidence.inputs == "public":
        documents["inputs.json"] = call.inputs_document
    return {name: _text(document) for name, document in documents.items()}


def _shown_leaves(index: bytes) -> list[tuple[str, Leaf]]:
    trees = Index.parse(index).trees
    return [(name, entry.leaf) for name in TREES for entry in trees[name] if entry.leaf]


def _all_leaves(openings: bytes) -> list[tuple[str, Leaf]]:
    _, trees = parse_openings(openings)
    return [(name, leaf) for name in TREES for leaf in trees[name]]


def _file(store: EvidenceStore, tree: str, leaf: Leaf) -> dict[str, Any]:
    """Where an item's bytes are to be had, and its place in an evidence folder."""
    url = store.url(leaf.sha256, seconds=URL_SECONDS, filename=leaf.label.rsplit("/", 1)[-1])
    return {"name": f"{tree}/{leaf.label}", "sha256": leaf.sha256, "size": leaf.size, "url": url}


def _text(document: bytes) -> str:
    return document.decode("utf-8")


def _record(call_id: str, ledger: Ledger) -> Record:
    record = ledger.record(read.hex_field(call_id, where="call"))
    if record is None:
        raise NotFound(f"call: expected one that was claimed here, got {call_id}")
    return record


def _check_right(record: Record, right: Mapping[str, str], offer: Offer, *, service: str, now: int) -> bool:
    value = read.only(dict(right), ("expires_at", "signature"), where="authorization")
    expires_at = read.decimal(value, "expires_at", high=MAX_UNIX_SECONDS)
    check_expiry(expires_at, now=now, at_most=MAX_READ_SECONDS)
    account = PublicKey.from_base58(record.account)
    buyer = PublicKey.from_base58(record.buyer) if record.buyer else account
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
