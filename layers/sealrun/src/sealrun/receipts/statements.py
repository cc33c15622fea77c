"""The receipt in the words of the supply chain's tools: in-toto statements in DSSE envelopes, one a line.

The first line is SLSA provenance (https://slsa.dev/spec/v1.0/provenance), the second a runtime trace
(https://github.com/in-toto/attestation/blob/main/spec/predicates/runtime-trace.md). Both are made of what the
index shows to anyone, so that a verifier makes them again and compares the bytes. Digests of our own are 64
hex digits: ``minaPoseidon`` is a receipt's hash and ``minaPoseidonLeaf`` a leaf's, both as one field;
``sha256SaltedLeaf`` is the leaf's SHA-256 twin. Nothing in them tells a hidden item's digest (E1).
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.measure import measure_document
from sealrun.errors import Malformed, NotAllowed
from sealrun.evidence.index import Entry, Index
from sealrun.evidence.leaves import TWIN, Kind
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import SignedReceipt

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
RUNTIME_TRACE = "https://in-toto.io/attestation/runtime-trace/v0.1"
BUILD_TYPE = "urn:sealrun:build:{provider}:v1"
MONITOR_TYPE = "urn:sealrun:probe:v1"
MAX_LINE_BYTES = 4 << 20
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Subject:
    """What the statements are about, all of it public."""

    signed: SignedReceipt
    offer: Offer
    index: Index
    run: Mapping[str, Any]  # the document of the run, see ``sealrun.runs.document``


def statements(about: Subject) -> list[bytes]:
    """The two statements, each as canonical JSON."""
    made = ((PROVENANCE, _provenance(about)), (RUNTIME_TRACE, _runtime_trace(about)))
    subject = _subject(about)
    return [
        canonical({"_type": STATEMENT, "subject": subject, "predicateType": kind, "predicate": predicate})
        for kind, predicate in made
    ]


def pae(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding; lengths are in bytes.

    https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
    """
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope(payload: bytes, *, key: bytes, signature: bytes) -> bytes:
    """A DSSE envelope as one line of JSON with LF.

    Args:
        payload: the statement.
        key: the Ed25519 public key, 32 bytes; its id is the key in hex.
        signature: over ``pae(payload)``, 64 bytes.
    """
    signatures = [{"keyid": key.hex(), "sig": base64.b64encode(signature).decode()}]
    payload_text = base64.b64encode(payload).decode()
    return canonical({"payload": payload_text, "payloadType": PAYLOAD_TYPE, "signatures": signatures}) + b"\n"


def open_envelopes(lines: bytes, *, key: bytes) -> list[bytes]:
    """The payloads of the lines, each of them signed by this key.

    Raises:
        Malformed: a line is no envelope of ours.
        NotAllowed: a signature is another key's, or does not hold.
    """
    parts = lines.split(b"\n")
    if parts.pop():
        raise Malformed("statements: expected LF at the end of every line, got none at the last")
    return [_opened(part, key) for part in parts]


def _opened(line: bytes, key: bytes) -> bytes:
    value = parse_object(line, at_most=MAX_LINE_BYTES)
    read.only(value, ("payload", "payloadType", "signatures"), where="envelope")
    read.one_of(value, "payloadType", [PAYLOAD_TYPE])
    signatures = value["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise Malformed("signatures: expected one, got another number of them")
    signed = read.only(signatures[0], ("keyid", "sig"), where="signature")
    payload, signature = _base64(value, "payload"), _base64(signed, "sig")
    if signed["keyid"] != key.hex() or len(signature) != _SIGNATURE_BYTES:
        raise NotAllowed(f"statement: expected the signature of key {key.hex()}, got another's")
    try:
        VerifyKey(key).verify(pae(payload), signature)
    except BadSignatureError as error:
        raise NotAllowed("statement: expected a signature that holds, got one that does not") from error
    if envelope(payload, key=key, signature=signature) != line + b"\n":
        raise Malformed("statement: expected the canonical form of its envelope, got another")
    return payload


def _base64(value: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(value[name], validate=True)
    except (ValueError, TypeError) as error:
        raise Malformed(f"{name}: expected base64, got something else") from error


def _subject(about: Subject) -> list[dict[str, Any]]:
    """Every output by name and digests, a hidden one by its place and salted digests, then the receipt."""
    outputs = [_output(at, entry) for at, entry in enumerate(about.index.trees["outputs"])]
    document = canonical(about.signed.document())
    digests = {"sha256": measure_document(document).sha256, "minaPoseidon": _hex(about.signed.receipt.hash)}
    return [*outputs, {"name": "receipt.json", "digest": digests}]


def _output(at: int, entry: Entry) -> dict[str, Any]:
    digests = {"minaPoseidonLeaf": _hex(entry.hash), "sha256SaltedLeaf": entry.twin.hex()}
    if entry.leaf is None:
        return {"name": f"output {at}, kept back", "digest": digests}
    return {"name": entry.leaf.label, "digest": {"sha256": entry.leaf.sha256, **digests}}


def _provenance(about: Subject) -> dict[str, Any]:
    source, receipt = about.offer.source, about.signed.receipt
    call = f"{receipt.call_hash:064x}"
    repository = f"git+{source.repository}@{source.ref}"
    index = {"name": "index.json", "digest": {"sha256": about.index.sha256}}
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE.format(provider=source.provider),
            "externalParameters": {
                "offer": about.offer.id,
                "call": call,
                "network": receipt.network,
                "inputsHash": _hex(receipt.inputs_hash),
            },
            "internalParameters": {
                name: TWIN.root([entry.twin for entry in entries]).hex()
                for name, entries in ((f"{tree}Twin", about.index.trees[tree]) for tree in about.index.trees)
            },
            "resolvedDependencies": [
                {"uri": repository, "digest": {"gitCommit": source.commit, "gitTree": source.tree}},
                {
                    "name": source.configuration.path,
                    "uri": f"{repository}#{source.configuration.path}",
                    "digest": {"sha256": source.configuration.sha256},
                },
            ],
        },
        "runDetails": {
            "builder": {"id": source.url},
            "metadata": {"invocationId": _run_or_call(about), **_times(about, "startedOn", "finishedOn")},
            "byproducts": [index, *_byproducts(about.index, (Kind.RUN, Kind.LOG, Kind.CLAIMS))],
        },
    }


def _runtime_trace(about: Subject) -> dict[str, Any]:
    source = about.offer.source
    samples: Mapping[str, Any] = about.run.get("samples") or {}
    return {
        "monitor": {"type": MONITOR_TYPE, "tracePolicy": {"jobs": dict(samples)}},
        "monitoredProcess": {
            "hostID": source.url,
            "type": BUILD_TYPE.format(provider=source.provider),
            "event": _run_or_call(about),
        },
        "monitorLog": {
            "process": list(_byproducts(about.index, (Kind.STACKS, Kind.PROBE, Kind.PROFILE))),
            "network": [],
            "fileAccess": [],
        },
        "metadata": _times(about, "buildStartedOn", "buildFinishedOn"),
    }


def _run_or_call(about: Subject) -> str:
    """The URL of the run; of the call where none was started."""
    run = about.run.get("run") or {}
    return str(run.get("url") or f"urn:sealrun:call:{about.signed.receipt.call_hash:064x}")


def _times(about: Subject, start: str, end: str) -> dict[str, str]:
    """When the run began, where that is known, and when it was over."""
    run = about.run.get("run") or {}
    begun = {start: _timestamp(run["started_at"])} if run.get("started_at") else {}
    return {**begun, end: _timestamp(about.signed.receipt.finished_at)}


def _timestamp(seconds: int) -> str:
    """RFC 3339, as in-toto's Timestamp wants it.

    Raises:
        Malformed: the year has more than four digits.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"time: expected Unix seconds up to the year 9999, got {seconds}") from error


def _byproducts(index: Index, kinds: tuple[Kind, ...]) -> Iterator[dict[str, Any]]:
    """What the index shows of these kinds, as resource descriptors."""
    for entry in index.trees["profile"]:
        if entry.leaf is not None and entry.kind in kinds:
            digests = {"sha256": entry.leaf.sha256, "minaPoseidonLeaf": _hex(entry.hash)}
            yield {"name": entry.leaf.label, "digest": digests}


def _hex(value: int) -> str:
    return f"{value:064x}"
