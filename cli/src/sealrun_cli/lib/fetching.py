"""Fetch a call's evidence into a folder: every digest is compared, and files that are right are kept."""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from mina.keys import PrivateKey
from sealrun.adapters.files.evidence_folder import SCRATCH, DiskFolder
from sealrun.calls.call import PublicCall
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import DEPTH, Kind, Leaf
from sealrun.money.buyer import sign_read
from sealrun.receipts.receipt import SignedReceipt
from sealrun.receipts.statements import MAX_LINE_BYTES
from sealrun.verification.claims import (
    CALL,
    INDEX,
    INPUTS,
    OFFER,
    OPENINGS,
    RECEIPT,
    STATEMENTS,
    Verdict,
)
from sealrun.verification.disclosures import read_disclosures
from sealrun.verification.trees import open_leaves, read_index
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.units import size

# Lambda's own limit of an answer.
MAX_ANSWER_BYTES = 6 << 20
# An offer allows 4 GiB of artifacts; logs and profile come on top.
MAX_TOTAL_BYTES = 8 << 30
# Of 300 files each: more than any run may leave.
MAX_PAGES = 100
# Both trees full, and the documents that are too large for an answer.
MAX_LINKS = 2 * 2**DEPTH + 10
# An index has at most 8 MiB; what opens every leaf has some more.
MAX_DOCUMENT_BYTES = 64 << 20
READ_SECONDS = 900
# The service's URLs are good for 300 s; a transfer that has begun may go on after that.
URL_SECONDS = 240


@dataclass
class Fetched:
    """The result of fetching, as counts."""

    call: str
    files: int = 0  # that the receipt covers and the caller may see
    kept: int = 0  # that were there and right
    bytes: int = 0  # that were fetched


class KnownCall(NamedTuple):
    """What whoever fetches has of a call already, and does not ask for."""

    receipt: object = None
    call: PublicCall | None = None


NOTHING = KnownCall()


@dataclass
class Fetching:
    """One call's evidence on its way into one folder; ``buyer`` opens what is the buyer's own (L5).

    Files that have a CID come from the IPFS gateway, if one is named; their digests are compared as well.
    """

    service: Service
    url: str
    to: DiskFolder
    buyer: PrivateKey | None
    out: Output
    gateway: str = ""  # what stands before /ipfs
    at_most: int | None = None  # bytes of all files together; MAX_TOTAL_BYTES for None
    known: KnownCall = NOTHING
    _links: dict[str, str] = field(default_factory=dict)
    _given: Mapping[str, bytes] = field(default_factory=dict)  # files that stood in the answer itself
    _links_at: float = 0.0

    def run(self) -> Fetched:
        """Fetch what is missing.

        Raises:
            CliError: the folder holds another call's evidence, or what came is not what the receipt covers.
        """
        self.out.progress(f"reading {self.url}")
        signed = self._receipt()
        documents = self._evidence()
        opened = sorted(
            name for name in documents if re.fullmatch(r"disclosures/token-[0-9]{1,4}\.json", name)
        )
        for name in (OFFER, CALL, INPUTS, INDEX, OPENINGS, *opened):
            if name in documents:
                self._keep(name, documents[name])
        self._keep(STATEMENTS, self._statements())
        self._given = documents
        return self._files(signed)

    def _receipt(self) -> SignedReceipt:
        value = self.known.receipt or self.service.get(f"{self.url}/receipt")
        signed, document = SignedReceipt.parse(value), canonical(value)
        if not self.url.endswith(f"/calls/{signed.receipt.call_hash:064x}") or not signed.holds():
            raise CliError("receipt", f"receipt: expected a signed one of {self.url}, got another")
        here = self.to.document(RECEIPT)
        # Nothing covers them, so that verifying would fail; a part of a killed fetch is written over.
        others = [name for name in self.to.names() if name != SCRATCH] if here is None else []
        if here not in (None, document) or others:
            another = others[0] if others else "another receipt"
            detail = f"folder: expected an empty one or this call's, got one with {another}"
            raise CliError("file", detail, "name another folder")
        self._keep(RECEIPT, document)
        return signed

    def _evidence(self) -> Mapping[str, bytes]:
        """The service's documents: with the buyer's key as the buyer, once it is known whose call this is."""
        right = self._right(self.buyer, self.known.call or self._call()) if self.buyer else {}
        answer = self._pages(right)
        self._links, self._links_at = answer.links, time.monotonic()
        large = {name: self._large(name) for name in (INDEX, OPENINGS) if name in answer.links}
        return {**answer.documents, **large}

    def _call(self) -> PublicCall:
        return PublicCall.parse(self._pages({}).documents.get(CALL, b""))

    def _pages(self, right: dict[str, str]) -> "_Answer":
        """All pages of the service's answer as one."""
        url, found = f"{self.url}/evidence", _Answer({}, {})
        after, query = 0, ""
        for _ in range(MAX_PAGES):
            page = _answer(self.service.get(f"{url}{query}", right, at_most=MAX_ANSWER_BYTES))
            found = _Answer({**page.documents, **found.documents}, {**page.links, **found.links}, page.after)
            if sum(map(len, found.documents.values())) > MAX_DOCUMENT_BYTES:
                most = size(MAX_DOCUMENT_BYTES)
                raise CliError("evidence", f"evidence: expected documents of at most {most} in all, got more")
            if not page.after:
                return found
            if page.after <= after or len(found.links) > MAX_LINKS:
                raise CliError(
                    "evidence", f"evidence: expected at most {MAX_LINKS} files in order, got others"
                )
            after, query = page.after, f"?after={page.after}"
        raise CliError("evidence", f"evidence: expected at most {MAX_PAGES} pages, got more")

    def _statements(self) -> bytes:
        if STATEMENTS in self._links:
            return self._large(STATEMENTS)
        return self.service.body(f"{self.url}/{STATEMENTS}", at_most=2 * MAX_LINE_BYTES)

    def _large(self, name: str) -> bytes:
        """A document that is too large for an answer; the receipt decides whether it is the right one."""
        with self.service.stream(self._from(name), at_most=MAX_DOCUMENT_BYTES) as chunks:
            return b"".join(chunks)

    def _right(self, buyer: PrivateKey, call: PublicCall) -> dict[str, str]:
        """The right to read this call and no other: whoever has one reads what is the buyer's own (L5)."""
        _check_call(call, self.url)
        until = int(time.time()) + READ_SECONDS
        return sign_read(buyer, call.network, call.account, call.hash, expires_at=until, service=self.url)

    def _keep(self, name: str, document: bytes) -> None:
        """Write a document; one that is here already may be the better one, so it is not replaced."""
        here = self.to.document(name)
        if here is None:
            self.to.write(name, [document], sha256=hashlib.sha256(document).hexdigest())
        elif here != document:
            detail = f"folder: expected {name} as the service has it, got another"
            raise CliError("file", detail, f"compare with `sealrun verify {RECEIPT}`, or name another folder")

    def _files(self, signed: SignedReceipt) -> Fetched:
        leaves = covered_files(signed, self.to)
        total = sum(leaf.size for leaf in leaves.values())
        if total > (most := MAX_TOTAL_BYTES if self.at_most is None else self.at_most):
            detail = f"files: expected at most {size(most)} in all, got {size(total)}"
            raise CliError("too-large", detail)
        done = Fetched(f"{signed.receipt.call_hash:064x}", len(leaves))
        for at, (place, leaf) in enumerate(sorted(leaves.items()), start=1):
            if self.to.holds(place, sha256=leaf.sha256, size=leaf.size):
                done.kept += 1
            else:
                self.out.progress(f"[{at}/{len(leaves)}] {place}, {size(leaf.size)}")
                self._fetch(place, leaf)
                done.bytes += leaf.size
        return done

    def _fetch(self, place: str, leaf: Leaf) -> None:
        if place in self._given:
            self.to.write(place, [self._given[place]], sha256=leaf.sha256)
            return
        with self.service.stream(self._from(place), at_most=leaf.size) as chunks:
            self.to.write(place, chunks, sha256=leaf.sha256)

    def _from(self, place: str) -> str:
        """The URL of a file: the gateway's, or one of the service's that is still good."""
        if self.gateway and place in self._cids:
            return f"{self.gateway.rstrip('/')}/ipfs/{self._cids[place]}"
        if time.monotonic() - self._links_at > URL_SECONDS:
            self._evidence()
        if place not in self._links:
            raise CliError("evidence", f"{place}: expected a URL for it, got none")
        link, scheme = self._links[place], self.url.partition(":")[0]
        if not link.startswith(f"{scheme}://"):  # a service elsewhere has no business on this machine
            raise CliError("evidence", f"{place}: expected {scheme}://, got {link[:40]}")
        return link

    @cached_property
    def _cids(self) -> Mapping[str, str]:
        """The CIDs that the folder's index shows; the files' digests decide, not these."""
        entries = Index.parse(self.to.document(INDEX) or b"").with_cids()
        return {place: cid for place, (cid, _) in entries.items()}


def call_at(service: Service, url: str) -> PublicCall:
    """The call at this address, once it is over; its hash is the one that the address names.

    Raises:
        CliError: the service shows another call, or none.
        Malformed: it is no call.
    """
    answer = _answer(service.get(f"{url}/evidence", at_most=MAX_ANSWER_BYTES))
    call = PublicCall.parse(answer.documents.get(CALL, b""))
    _check_call(call, url)
    return call


def _check_call(call: PublicCall, url: str) -> None:
    if not url.endswith(f"/calls/{call.hash:064x}"):
        raise CliError("evidence", f"{CALL}: expected the call of {url}, got that of {call.hash:064x}")


@dataclass(frozen=True)
class _Answer:
    """The service's answer about the evidence: documents by name, and the files' URLs."""

    documents: Mapping[str, bytes]
    links: dict[str, str]
    after: int = 0  # of the next page; 0 on the last


def _answer(value: Mapping[str, Any]) -> _Answer:
    """Read the service's answer.

    Raises:
        CliError: it is malformed.
    """
    try:
        texts = {**value["documents"], INDEX: value["index"], OPENINGS: value["openings"]}
        documents = {name: text.encode() for name, text in texts.items() if text is not None}
        links = {str(file["name"]): str(file["url"]) for file in value["files"]}
        after = 0 if value.get("next") is None else read.whole(value, "next", low=1, high=MAX_LINKS)
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeEncodeError, Malformed) as error:
        detail = "evidence: expected documents, index, openings and files, got something else"
        raise CliError("evidence", detail) from error
    return _Answer(documents, links, after)


def covered_files(signed: SignedReceipt, folder: DiskFolder) -> Mapping[str, Leaf]:
    """The files that the receipt covers, of what the folder's index and openings open; lines are no files.

    Raises:
        CliError: index or openings are not those of the receipt.
    """
    index, claims = read_index(signed.receipt, folder)
    opened, more = open_leaves(index, folder) if index else (None, [])
    for claim in [*claims, *more]:
        if claim.verdict is not Verdict.HOLDS:
            raise CliError("evidence", f"{claim.name}: {claim.says}")
    tokens, _ = read_disclosures(signed.receipt, index, folder.names(), folder)
    leaves = {key: leaf for key, leaf in tokens.leaves.items() if leaf.kind is Kind.TOKEN}
    leaves |= opened.leaves if opened else {}
    files = ((f"{tree}/{label}", leaf) for (tree, label), leaf in leaves.items())
    return {place: leaf for place, leaf in files if leaf.kind is not Kind.LINE}
