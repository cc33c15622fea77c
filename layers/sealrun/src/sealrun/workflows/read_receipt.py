"""Show a call: its state and receipt to anyone, what it left to the buyer (L5)."""

import json
from collections.abc import Mapping
from typing import Any

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun import read
from sealrun.calls import MAX_READ_SECONDS, MAX_UNIX_SECONDS, check_expiry, read_fields
from sealrun.errors import NotAllowed, NotFound
from sealrun.offers import Offer
from sealrun.ports import EvidenceStore, Ledger, StoredOffer
from sealrun.records import Record
from sealrun.workflows.reserve_price import Payments
from sealrun.x402 import requirements

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


def public_view(record: Record) -> dict[str, Any]:
    """What anyone may know of a call."""
    return {
        "call": record.id,
        "offer": f"{record.offer_hash:064x}",
        "state": record.state.value,
        "claimed_at": record.claimed_at,
        "run": {"id": record.run_id, "url": record.run_url} if record.run_id else None,
        "reason": record.ending.reason if record.ending else None,
        "receipt": record.receipt,
    }


def read_evidence(
    call_id: str, right: Mapping[str, str], *, ledger: Ledger, store: EvidenceStore, now: int
) -> dict[str, Any]:
    """Where the call's outputs, log and profile are to be had for some minutes.

    Args:
        call_id: the call hash, 64 hex digits.
        right: ``expires_at`` and ``signature`` of the buyer, or empty; without them only what the
            offer declares public is shown.
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
    buyer = bool(right) and _check_right(record, right, stored.offer, now=now)
    log = buyer or stored.offer.evidence.log.match("")
    return {
        "profile": _url(store, record.profile, "profile.json") if log else None,
        "logs": _logs(record, store) if log else None,
        "outputs": _outputs(record, store) if buyer or stored.offer.evidence.outputs.patterns else None,
    }


def _record(call_id: str, ledger: Ledger) -> Record:
    record = ledger.record(read.hex_field(call_id, where="call"))
    if record is None:
        raise NotFound(f"call: expected one that was claimed here, got {call_id}")
    return record


def _check_right(record: Record, right: Mapping[str, str], offer: Offer, *, now: int) -> bool:
    value = read.only(dict(right), ("expires_at", "signature"), where="authorization")
    expires_at = read.decimal(value, "expires_at", high=MAX_UNIX_SECONDS)
    check_expiry(expires_at, now=now, at_most=MAX_READ_SECONDS)
    account = PublicKey.from_base58(record.account)
    buyer = PublicKey.from_base58(record.buyer) if record.buyer else account
    fields = read_fields(offer.network, account, record.call_hash, expires_at)
    try:
        holds = verify_fields(Signature.from_base58(value["signature"]), buyer, fields)
    except ValueError as error:
        raise NotAllowed(f"signature: {error}") from error
    if not holds:
        raise NotAllowed("signature: expected the buyer's over the six fields of a read, got another")
    return True


def _outputs(record: Record, store: EvidenceStore) -> list[dict[str, Any]]:
    entries = json.loads(store.get(record.manifest))
    return [{**entry, "url": _url(store, entry["sha256"], entry["name"])} for entry in entries]


def _logs(record: Record, store: EvidenceStore) -> list[dict[str, Any]]:
    jobs = json.loads(store.get(record.profile))["jobs"]
    named = [(f"{job['name']}.log", job["log"]) for job in jobs if job["log"]]
    return [{"name": name, **log, "url": _url(store, log["sha256"], name)} for name, log in named]


def _url(store: EvidenceStore, sha256: str, name: str) -> str:
    return store.url(sha256, seconds=URL_SECONDS, filename=name.rsplit("/", 1)[-1])


def offer_view(stored: StoredOffer, payments: Payments | None = None) -> dict[str, Any]:
    """What anyone may know of an offer: its hash, its document, how it is paid, and whether it is open."""
    paid = stored.offer.payment is not None
    return {
        "offer": stored.offer.id,
        "open": not (stored.closed or stored.paused),
        "reason": stored.closed or stored.paused or None,
        "document": json.loads(stored.offer.document),
        "accepts": [requirements(stored.offer, payments.seller)] if payments and paid else [],
    }
