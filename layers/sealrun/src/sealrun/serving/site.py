"""The files that stand where a service would answer: the functions' own answers, under the same paths."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from sealrun.adapters.aws.letter_bucket import LetterBucket, open_offer_box
from sealrun.calls.letters import LETTER_SECONDS, MAX_LETTER_BYTES
from sealrun.composition.ticked import PublicEvidence
from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Ledger
from sealrun.serving.events import Reply, reply_of
from sealrun.workflows.list_calls import place_of
from sealrun.workflows.list_receipts import MAX_RECEIPTS, PAGE_RECEIPTS, are_listed, receipts_page

# No buyer's address is known: all of them count as one network's.
NOBODY = "0.0.0.0"  # noqa: S104  an address to count by, none to listen on
# Pages are put together up to this size; more is left out.
MAX_PAGES_BYTES = 5 << 20

Run = Callable[[str, Mapping[str, Any]], dict[str, Any]]


class Site:
    """Writes public files; each method raises StoreUnavailable where the bucket does not answer."""

    def __init__(self, run: Run, bucket: LetterBucket, evidence: PublicEvidence) -> None:
        """``run`` runs a function by its name."""
        self._run, self._bucket, self._evidence = run, bucket, evidence

    def offers(self) -> None:
        """The list of all offers that are for sale, in one page."""
        listed = [offer for page in self._pages("call", "/offers") for offer in page["offers"]]
        self._bucket.publish("offers", canonical({"offers": listed, "next": None}))

    def offer(self, offer_id: str, *, with_box: bool) -> None:
        """What the offer says, whether it is open, and with a box where its calls may be dropped."""
        view = json.loads(self._get("call", f"/offers/{offer_id}").body)
        view["letters"] = None
        if with_box:
            box = open_offer_box(self._bucket, offer_id, seconds=LETTER_SECONDS, at_most=MAX_LETTER_BYTES)
            view["letters"] = box.value()
        self._bucket.publish(f"offers/{offer_id}", canonical(view))

    def receipts(self, offer: Offer, ledger: Ledger) -> None:
        """The receipts of its newest calls in one page, if it lists them: a file takes no query."""
        if not are_listed(offer):
            return
        receipts: list[Any] = []
        after: str | None = None
        for _ in range(MAX_RECEIPTS // PAGE_RECEIPTS):
            page = receipts_page(offer, ledger=ledger, after=place_of(after))
            receipts, after = receipts + page["receipts"], page["next"]
            if after is None:
                break
        whole = {"offer": offer.id, "receipts": receipts, "next": None}
        self._bucket.publish(f"offers/{offer.id}/receipts", canonical(whole))

    def call(self, call_id: str) -> None:
        """The call's state; once it is over, first what it left, so that a receipt never stands alone."""
        path = f"/calls/{call_id}"
        self._evidence.asked.clear()  # of a call whose files could not be written
        state = self._get("receipt", path)
        if json.loads(state.body)["receipt"] is not None:
            self._statements(path)
            self._evidence_of(path)
            self._write(f"{path}/receipt", self._get("receipt", f"{path}/receipt"))
        self._write(path, state)

    def _statements(self, path: str) -> None:
        reply = self._get("receipt", f"{path}/receipt.intoto.jsonl")
        if reply.status == HTTPStatus.TEMPORARY_REDIRECT:
            sha256 = reply.headers["Location"].rpartition("/")[2]
            reply = Reply(200, {"Content-Type": "application/jsonl"}, self._evidence.get(sha256))
        self._write(f"{path}/receipt.intoto.jsonl", reply)

    def _evidence_of(self, path: str) -> None:
        """All pages in one: a file takes no query."""
        first, *others = self._pages("receipt", f"{path}/evidence")
        whole = {**first, "files": [*first["files"], *(file for page in others for file in page["files"])]}
        for sha256, filename in self._evidence.asked.items():
            self._bucket.publish_evidence(sha256, filename=filename)
        self._evidence.asked.clear()
        self._bucket.publish(f"{path[1:]}/evidence", json.dumps({**whole, "next": None}).encode())

    def _pages(self, function: str, path: str) -> Iterator[dict[str, Any]]:
        query: dict[str, str] = {}
        size = 0
        while size < MAX_PAGES_BYTES:
            reply = self._get(function, path, **query)
            size += len(reply.body)
            page: dict[str, Any] = json.loads(reply.body)
            yield page
            if not page["next"]:
                return
            query = {"after": str(page["next"])}

    def _get(self, function: str, path: str, **query: str) -> Reply:
        reply = reply_of(self._run(function, event("GET", path, query=query)))
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise ValueError(f"{path}: expected a good answer, got {reply.status}")
        return reply

    def _write(self, path: str, reply: Reply) -> None:
        self._bucket.publish(path[1:], reply.body, media_type=reply.headers["Content-Type"])


def event(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    query: Mapping[str, str] | None = None,
    sender: str = NOBODY,
) -> dict[str, Any]:
    """The event of a request that nobody sent over HTTP, as ``sealrun.serving.events`` makes it of one."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": sender, "userAgent": ""}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "queryStringParameters": dict(query or {}),
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": http, "requestId": str(uuid.uuid4())},
        "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
    }
