"""Faults of who hands a folder on: the oracle signed something else, or nothing of it."""

import base64
import json
from typing import Any

from sealrun.encoding.fields import canonical
from sealrun.verification.claims import MAX_RECEIPT_BYTES
from tests.broken.fault import Fault, Make, pretty, strangers, text, value, without
from tests.broken.sale import OPENED, Files, Sale
from tests.sealrun.world import BUYER, SELLER

RECEIPT, OFFER, CALL, INPUTS = "receipt.json", "offer.json", "call.json", "inputs.json"
INDEX, OPENINGS, STATEMENTS = "index.json", "openings.json", "receipt.intoto.jsonl"
OUT, RUN, LOG = "outputs/build/dist/out.txt", "profile/run.json", "profile/build/job.log"
NOTES = "outputs/build/notes.txt"
BUYERS_KEY, SELLERS_KEY = (key.public_key().to_base58() for key in (BUYER, SELLER))


def _put(file: str, data: bytes) -> Make:
    return lambda _, good: {**good, file: data}


def _large(_: Sale, good: Files) -> Files:
    return {**good, RECEIPT: good[RECEIPT].ljust(MAX_RECEIPT_BYTES + 1)}


def _leaf(tree: str, at: int, **changes: Any) -> Make:
    """One leaf of the index."""
    return value(INDEX, lambda index: index[tree][at].update(changes))


def _opening(tree: str, at: int, **changes: Any) -> Make:
    return value(INDEX, lambda index: index[tree][at]["opening"].update(changes))


def _text_for_stacks(index: Any) -> None:
    for leaf in index["profile"]:
        if leaf["kind"] == "stacks":
            leaf["text"] = "forged 1"


def _swapped(found: Any) -> None:
    found["outputs"][:2] = found["outputs"][1::-1]


def _lines(*order: int) -> Make:
    """The statements' lines in another order or number."""

    def make(_: Sale, good: Files) -> Files:
        lines = good[STATEMENTS].splitlines(keepends=True)
        return {**good, STATEMENTS: b"".join(lines[at] for at in order)}

    return make


def _envelope(name: str, spoil: Any) -> Make:
    """A value of the first envelope, or of its signature."""

    def make(_: Sale, good: Files) -> Files:
        first, second = good[STATEMENTS].splitlines()
        found = json.loads(first)
        place = found if name in found else found["signatures"][0]
        place[name] = spoil(place[name])
        return {**good, STATEMENTS: canonical(found) + b"\n" + second + b"\n"}

    return make


def _loose_base64(sig: str) -> str:
    """The same 64 bytes: of the last character before the padding only two bits count."""
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".index(sig[-3])
    loose = sig[:-3] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[last ^ 1] + "=="
    assert base64.b64decode(loose) == base64.b64decode(sig)
    return loose


HANDED_ON = [
    Fault("receipt-no-json", "form", "expected JSON in UTF-8", _put(RECEIPT, b"{")),
    Fault("receipt-not-utf8", "form", "a byte that is not UTF-8 at offset 0", _put(RECEIPT, b"\xff{}")),
    Fault("receipt-a-list", "form", "expected a JSON object, got list", _put(RECEIPT, b"[]")),
    Fault("receipt-too-large", "form", "expected at most 65536 bytes", _large),
    Fault(
        "receipt-in-another-form", "form", "expected canonical JSON (RFC 8785), got another", pretty(RECEIPT)
    ),
    Fault(
        "receipt-with-a-name-twice",
        "form",
        "every name once",
        text(RECEIPT, '{"data":', '{"data":{},"data":'),
    ),
    Fault("receipt-with-more", "form", "got also tip", value(RECEIPT, lambda found: found.update(tip=1))),
    Fault(
        "receipt-without-a-hash",
        "form",
        "expected call_hash",
        value(RECEIPT, lambda found: found["data"].pop("call_hash")),
    ),
    Fault(
        "receipt-of-an-unknown-status",
        "form",
        "status: expected a whole number from 1",
        text(RECEIPT, '"status":1', '"status":99'),
    ),
    Fault(
        "receipt-with-a-mistyped-key",
        "form",
        "checksum",
        text(RECEIPT, '"publicKey":"B62qk', '"publicKey":"B62qj'),
    ),
    Fault(
        "signature-over-another-status",
        "signature",
        "got one that does not",
        text(RECEIPT, '"status":1', '"status":2'),
    ),
    Fault(
        "signature-over-another-grade",
        "signature",
        "got one that does not",
        text(RECEIPT, '"grade":0', '"grade":1'),
    ),
    Fault(
        "signature-over-another-time",
        "signature",
        "got one that does not",
        text(RECEIPT, "1800000020", "1800000021"),
    ),
    Fault(
        "signature-for-another-network",
        "signature",
        "got one that does not",
        text(RECEIPT, "mina:devnet", "mina:mainnet"),
    ),
    Fault(
        "signature-of-another-key",
        "signature",
        "got one that does not",
        value(RECEIPT, lambda found: found.update(publicKey=BUYERS_KEY)),
    ),
    Fault(
        "offer-that-requires-a-list",
        "offer",
        "required: expected a list of names",
        value(OFFER, lambda found: found["inputs"].update(required=[[]])),
    ),
    Fault(
        "offer-at-another-price",
        "offer",
        "offer hash: expected",
        value(OFFER, lambda found: found["limits"].update(seconds=601)),
    ),
    Fault("offer-in-another-form", "offer", "offer: expected canonical JSON", pretty(OFFER)),
    Fault("offer-no-offer", "offer", "offer: expected access", _put(OFFER, b"{}")),
    Fault(
        "call-of-another-account",
        "call",
        "call hash: expected",
        value(CALL, lambda found: found.update(account=SELLERS_KEY)),
    ),
    Fault("call-in-another-form", "call", "call: expected canonical JSON", pretty(CALL)),
    Fault(
        "call-of-another-version",
        "call",
        "sealrun: expected a whole number from 1 to 1, got 2",
        value(CALL, lambda found: found.update(sealrun=2)),
    ),
    Fault("call-at-another-time", "call", "call hash: expected", text(CALL, "1800003600", "1800003601")),
    Fault("inputs-changed", "inputs", "inputs hash: expected", text(INPUTS, "both", "mina")),
    Fault("inputs-in-another-form", "inputs", "inputs hash: expected", pretty(INPUTS)),
    Fault(
        "index-of-another-call",
        "index",
        "the index's call: expected",
        value(INDEX, lambda found: found.update(call="0" * 64)),
    ),
    Fault(
        "index-without-a-leaf",
        "index",
        "outputs hash: expected",
        value(INDEX, lambda found: found["outputs"].pop()),
    ),
    Fault(
        "index-with-one-leaf-more",
        "index",
        "outputs hash: expected",
        value(INDEX, lambda found: found["outputs"].append(found["outputs"][2])),
    ),
    Fault("index-with-leaves-swapped", "index", "outputs hash: expected", value(INDEX, _swapped)),
    Fault("index-with-another-leaf", "index", "profile hash: expected", _leaf("profile", 1, hash="5")),
    Fault("index-in-another-form", "index", "index: expected canonical JSON", pretty(INDEX)),
    Fault(
        "index-with-a-hidden-cid",
        "index",
        "expected a hidden one without cid and text",
        _leaf("outputs", 2, text="x"),
    ),
    Fault(
        "index-with-a-text-for-an-output",
        "index",
        "text: expected one of a line only, got one of kind 'output'",
        _leaf("outputs", 1, text="forged"),
    ),
    Fault(
        "index-with-a-text-for-stacks",
        "index",
        "text: expected one of a line only, got one of kind 'stacks'",
        value(INDEX, _text_for_stacks),
    ),
    Fault(
        "index-with-a-cid-for-a-line",
        "line",
        "job.log:2: CID of the line: expected",
        _leaf("profile", 2, cid="b" + "a" * 58),
    ),
    Fault("file-in-place-of-a-line", "file", "job.log:2: SHA-256: expected", _put(f"{LOG}:2", b"bui1t")),
    Fault(
        "file-of-a-line-that-is-longer",
        "file",
        "job.log:2: size: expected 5, got 6",
        _put(f"{LOG}:2", b"built\n"),
    ),
    Fault(
        "file-of-nobody-beside-the-documents",
        "other files",
        "notes.txt: expected only files that a leaf covers",
        _put("notes.txt", b"x"),
    ),
    Fault(
        "file-of-nobody-in-a-second-folder",
        "other files",
        "evidence/index.json: expected only files that a leaf covers",
        _put("evidence/index.json", b"{}"),
    ),
    Fault(
        "file-of-nobody-under-reads",
        "other files",
        "reads/outputs/out.txt: expected only files that a leaf covers",
        _put("reads/outputs/out.txt", b"x"),
    ),
    Fault(
        "file-of-nobody-under-reruns",
        "other files",
        "reruns/x/index.json: expected only files that a leaf covers",
        _put("reruns/x/index.json", b"{}"),
    ),
    Fault(
        "index-with-another-label",
        "index",
        "out2.txt: leaf: expected",
        _opening("outputs", 1, label="build/dist/out2.txt"),
    ),
    Fault(
        "index-with-another-digest",
        "index",
        "out.txt: leaf: expected",
        _opening("outputs", 1, sha256="0" * 64),
    ),
    Fault(
        "index-with-another-salt", "index", "out.txt: leaf: expected", _opening("outputs", 1, salt="0" * 62)
    ),
    Fault(
        "index-with-another-size", "index", "out.txt: SHA-256 twin: expected", _opening("outputs", 1, size=7)
    ),
    Fault(
        "index-with-another-kind",
        "index",
        "outputs: expected leaves of its own kinds, got one of kind log",
        _leaf("outputs", 1, kind="log"),
    ),
    Fault(
        "index-out-of-the-folder",
        "index",
        "expected a path inside the evidence folder",
        _opening("outputs", 1, label="../../out.txt"),
    ),
    Fault(
        "index-for-another-cid-profile",
        "index",
        "the index's CID profile: expected unixfs-v1-2025",
        value(INDEX, lambda found: found.update(cid_profile="unixfs-v0-2015")),
    ),
    Fault(
        "index-with-another-cid", "file", "out.txt: CID: expected", _leaf("outputs", 1, cid="b" + "a" * 58)
    ),
    Fault(
        "index-with-another-line",
        "line",
        "SHA-256 of the line: expected",
        _leaf("profile", 2, text="built 2"),
    ),
    Fault(
        "index-with-another-hidden-twin",
        "statements",
        "provenance: expected the statement",
        strangers(_leaf("outputs", 2, twin="0" * 64)),
    ),
    Fault(
        "index-with-another-hidden-kind",
        "statements",
        "provenance: expected the statement",
        strangers(_leaf("profile", 1, kind="token")),
    ),
    Fault(
        "openings-of-another-call",
        "openings",
        "the openings' call: expected",
        value(OPENINGS, lambda found: found.update(call="0" * 64)),
    ),
    Fault(
        "openings-of-another-version",
        "openings",
        "sealrun: expected a whole number from 1 to 1, got 2",
        value(OPENINGS, lambda found: found.update(sealrun=2)),
    ),
    Fault(
        "openings-with-another-salt",
        "openings",
        "notes.txt: leaf: expected",
        value(OPENINGS, lambda found: found["outputs"][2].update(salt="0" * 62)),
    ),
    Fault(
        "openings-without-a-leaf",
        "openings",
        "the openings' profile: expected 8 leaves",
        value(OPENINGS, lambda found: found["profile"].pop()),
    ),
    Fault("openings-in-another-form", "openings", "openings: expected canonical JSON", pretty(OPENINGS)),
    Fault("file-changed", "file", "out.txt: SHA-256: expected", _put(OUT, b"bui1t\n")),
    Fault("file-longer", "file", "out.txt: size: expected 6, got 7", _put(OUT, b"built\n\n")),
    Fault("file-missing", "file", "out.txt: expected the file, got none", without(lambda _, good: good, OUT)),
    Fault(
        "file-of-nobody",
        "file",
        "expected only files that a leaf covers",
        _put("outputs/build/dist/more.txt", b""),
    ),
    Fault(
        "file-of-a-hidden-item-changed", "file", "job.log: SHA-256: expected", _put(LOG, b"$ make\nbui1t\n")
    ),
    Fault(
        "file-without-an-index",
        "file",
        "expected only files that a leaf covers",
        without(lambda _, good: good, INDEX),
    ),
    Fault(
        "run-changed",
        "file",
        "run.json: SHA-256: expected",
        text(RUN, '"runner":"runner"', '"runner":"sunner"'),
    ),
    Fault(
        "disclosure-with-another-sibling",
        "disclosure",
        "outputs hash: expected",
        value(OPENED, lambda found: found["siblings"].__setitem__(0, "5")),
    ),
    Fault(
        "disclosure-with-another-count",
        "disclosure",
        "outputs hash: expected",
        value(OPENED, lambda found: found.update(count=4)),
    ),
    Fault(
        "disclosure-of-another-item",
        "disclosure",
        "outputs hash: expected",
        value(OPENED, lambda found: found["opening"].update(label="build/other.txt")),
    ),
    Fault(
        "disclosure-for-the-other-tree",
        "disclosure",
        "profile: expected leaves of its own kinds, got one of kind output",
        value(OPENED, lambda found: found.update(tree="profile")),
    ),
    Fault(
        "disclosure-with-another-twin",
        "disclosure",
        "SHA-256 twin's root: expected",
        value(OPENED, lambda found: found["twins"].__setitem__(1, "0" * 64)),
    ),
    Fault(
        "disclosure-with-another-size",
        "disclosure",
        "SHA-256 twin's root: expected",
        value(OPENED, lambda found: found["opening"].update(size=1)),
    ),
    Fault(
        "disclosure-too-short",
        "disclosure",
        "siblings: expected a list of 12",
        value(OPENED, lambda found: found["siblings"].pop()),
    ),
    Fault(
        "disclosed-file-changed",
        "file",
        "notes.txt: SHA-256: expected",
        without(_put(NOTES, b"nobody but the buyer wrote this\n"), OPENINGS),
    ),
    Fault("statements-in-another-order", "statements", "provenance: expected the statement", _lines(1, 0)),
    Fault("statements-less-one", "statements", "statements: expected 2 lines, got 1 lines", _lines(0)),
    Fault(
        "statements-without-an-end",
        "statements",
        "expected LF at the end",
        lambda _, good: {**good, STATEMENTS: good[STATEMENTS][:-1]},
    ),
    Fault(
        "statements-signature-changed",
        "statements",
        "expected a signature that holds",
        _envelope("sig", lambda sig: ("B" if sig[0] == "A" else "A") + sig[1:]),
    ),
    Fault(
        "statements-of-a-shorter-signature",
        "statements",
        "got another's",
        _envelope("sig", lambda sig: sig[:80]),
    ),
    Fault(
        "statements-of-another-key",
        "statements",
        "expected the signature of key",
        _envelope("keyid", lambda keyid: keyid[:-1] + "0"),
    ),
    Fault(
        "statements-of-another-type",
        "statements",
        "payloadType: expected one of",
        _envelope("payloadType", lambda kind: f"{kind}2"),
    ),
    Fault(
        "statements-in-loose-base64",
        "statements",
        "expected the canonical form of its envelope",
        _envelope("sig", _loose_base64),
    ),
]
