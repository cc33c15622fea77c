"""The edge's Worker in workerd, before a whole stack: it sells a free offer and tickets, once each."""

import json
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug import Response

from local.edge import Edge
from local.loopback import LoopbackServer, Request
from local.market import Market
from local.stack import Stack
from mina.keys import PrivateKey
from sealrun.calls.ticket_url import Ticket, issue
from sealrun.encoding.fields import canonical
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import SignedReceipt
from tests.infra.test_openapi import troubles
from tests.spine.conftest import PROPERTIES, free_port, repository

pytestmark = pytest.mark.peers
# Details that begin so hold a parser's own words, or the present second.
OWN_WORDS = ("body: expected", "account: public key", "signature: signature", "expires_at: expected")
BUYER, EDGE = PrivateKey.from_scalar(77), PrivateKey.from_scalar(99)


class Door(LoopbackServer):
    """Between edge and region: it can be shut for wakes, and counts them."""

    def __init__(self, region: str) -> None:
        self._region, self.shut, self.wakes = region, False, 0
        super().__init__(self._answer, max_body=None)

    def _answer(self, request: Request) -> Response:
        if request.raw_path == "/webhooks/edge":
            self.wakes += 1
            if self.shut:
                return Response("{}", 503)
        url = f"{self._region}{request.raw_path}?{request.raw_query}"
        headers = {name: value for name, value in request.headers if name.lower() != "host"}
        answer = httpx.request(request.method, url, content=request.get_data(), headers=headers, timeout=60)
        kept = {n: v for n, v in answer.headers.items() if n not in ("connection", "transfer-encoding")}
        return Response(answer.content, answer.status_code, kept)


@dataclass
class EdgeShop:
    """A published offer whose edge takes the calls."""

    market: Market[Stack]
    offer: Offer
    twin: Offer  # the same, but that the region takes its calls
    token: str
    door: Door
    folder: Path
    port: int
    edge: Edge = field(init=False)

    def start(self) -> None:
        """Start the edge, or start it again."""
        self.edge = Edge(self.folder, self.offer, self.token, key=EDGE, region=self.door.url, port=self.port)

    def body(self, **changes: Any) -> dict[str, Any]:
        values: dict[str, Any] = {
            "inputs": {"greeting": "hello"},
            "salt": secrets.token_hex(32),
            "nonce": secrets.randbits(128),
            "expires_at": int(time.time()) + 600,
        }
        return sign_call(BUYER, self.offer, **{**values, **changes}).body()

    def send(self, body: dict[str, Any]) -> httpx.Response:
        return httpx.post(f"{self.edge.url}/offers/{self.offer.id}/calls", json=body, timeout=60)

    def seen(self, call: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.edge.url}/calls/{call}", timeout=30).json())

    def wait(self, call: str, *, seconds: int = 60) -> dict[str, Any]:
        """The call once it is over, as the edge shows it."""
        end = time.monotonic() + seconds
        seen: dict[str, Any] = {}
        while time.monotonic() < end:
            if (seen := self.seen(call)).get("receipt") is not None:
                return seen
            time.sleep(0.3)
        raise AssertionError(f"call: expected it to be over, got {seen}; the edge said {self.edge.log()}")

    def runs(self, call: str) -> list[int]:
        pipelines = self.market.gitlab.store.pipelines.values()
        return [pipeline.id for pipeline in pipelines if call in pipeline.name]

    def ticket(self) -> Ticket:
        return issue(
            BUYER,
            self.offer,
            PrivateKey.from_scalar(secrets.randbits(250) | 1),
            audience=self.edge.url,
            inputs={},
            opened=("greeting",),
            until=int(time.time()) + 86_400,
        )

    def redeem(self, ticket: Ticket, greeting: str = "hello") -> httpx.Response:
        soon, salt, nonce = int(time.time()) + 600, secrets.token_hex(32), secrets.randbits(128)
        body = ticket.redeem({"greeting": greeting}, salt=salt, nonce=nonce, expires_at=soon).body()
        return httpx.post(f"{self.edge.url}/tickets/{ticket.grant.id}", json=body, timeout=60)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeShop]:
    folder = tmp_path_factory.mktemp("edge")
    commit, port = repository(folder / "seller"), free_port()
    oracle = PrivateKey.from_scalar(secrets.randbits(250) | 1)
    public = {"SEALRUN_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with Stack(folder / "stack", with_gitlab=True, sweep_seconds=1.0, environment=public) as stack:
        assert stack.gitlab is not None
        market = Market(stack, stack.gitlab, oracle)
        edge = EDGE.public_key().to_base58()
        offer, token = market.offer_pipeline(
            "seller/edge", folder / "seller", tag="v1", commit=commit, properties=PROPERTIES, edge=edge
        )
        market.publish(offer, token.value)
        twin = Offer.parse(canonical({n: v for n, v in json.loads(offer.document).items() if n != "edge"}))
        stack.put_up(oracle, twin, token.value)
        with Door(stack.url) as door:
            shop = EdgeShop(market, offer, twin, token.value, door, folder / "edge", port)
            shop.start()
            yield shop
            shop.edge.close()


def test_a_free_offer_from_the_edge_to_a_receipt_that_holds(shop: EdgeShop) -> None:
    body = shop.body()
    answer = shop.send(body)
    taken = answer.json()
    assert (answer.status_code, taken["state"]) == (202, "running"), shop.edge.log()
    assert answer.headers["location"] == taken["url"] == f"{shop.edge.url}/calls/{taken['call']}"
    assert troubles("AcceptedCall", taken) == []
    done = shop.wait(taken["call"])
    assert done["state"] == "succeeded"
    receipt = SignedReceipt.parse(done["receipt"])
    assert receipt.holds()
    assert (receipt.public_key.to_base58(), receipt.receipt.call_hash) == (
        shop.offer.oracle,
        int(taken["call"], 16),
    )
    again = shop.send(body)
    assert (again.status_code, again.json()["state"]) == (202, "succeeded")
    assert len(shop.runs(taken["call"])) == 1


def test_a_ticket_is_redeemed_once_however_many_come_at_once(shop: EdgeShop) -> None:
    ticket = shop.ticket()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda word: shop.redeem(ticket, word), ["one", "two", "three"] * 2))
    taken = [answer.json() for answer in answers if answer.status_code == 202]
    refused = [answer.json()["type"] for answer in answers if answer.status_code != 202]
    assert len(taken) == 1
    assert refused == ["urn:sealrun:problem:ticket-used"] * 5
    assert shop.wait(taken[0]["call"])["state"] == "succeeded"
    assert len(shop.runs(taken[0]["call"])) == 1


def test_r3_an_edge_that_dies_between_start_and_wake_loses_nothing_and_starts_nothing_twice(
    shop: EdgeShop,
) -> None:
    shop.door.shut, body = True, shop.body()
    taken = shop.send(body).json()
    assert shop.seen(taken["call"])["run"] == taken["run"]
    shop.edge.kill()
    shop.start()
    assert shop.send(body).json()["run"] == taken["run"]
    shop.door.shut = False
    assert shop.wait(taken["call"])["state"] == "succeeded"
    assert len(shop.runs(taken["call"])) == 1


def broken_calls(offer: Offer, oracle: PrivateKey) -> Iterator[bytes]:
    """Requests for a call that must be refused, each for a reason of its own."""
    yield from (b"", b"[]", b"{", b'{"a": 1}', b'{"a": "\xff"}', b'{"a": 1, "a": 2}', b'{"a": NaN}')
    yield b'{"a": ' + b"[" * 17 + b"]" * 17 + b"}"
    yield b'{"a": "' + b"x" * 65_536 + b'"}'
    now = int(time.time())
    fresh: dict[str, Any] = {"salt": "ab" * 32, "nonce": 7, "expires_at": now + 600}
    good = sign_call(BUYER, offer, inputs={"greeting": "hello"}, **fresh).body()
    changes: list[dict[str, Any]] = [
        {"account": "B62"},
        {"account": 5},
        {"salt": "AB" * 32},
        {"nonce": "1"},
        {"nonce": "0" * 32},
        {"expires_at": 1},
        {"expires_at": now + 90_000},
        {"expires_at": "soon"},
        {"expires_at": -1},
        {"limit": "01"},
        {"limit": 0},
        {"limit": "5"},
        {"signature": "7mX"},
        {"identifier": "short"},
        {"identifier": "ticket-" + "0" * 64},
        {"inputs": []},
        {"reads": ["x"]},
        {"reads": {}},
        {"reads": None},
        {"salt": b"sealrun:ticket-1".hex() * 2},
        {"tip": 1},
    ]
    yield from (json.dumps({**good, **change}).encode() for change in changes)
    yield from (json.dumps({n: v for n, v in good.items() if n != name}).encode() for name in good)
    for inputs in (
        {"greeting": "NO"},
        {"greeting": "a" * 21},
        {"greeting": 5},
        {"more": "a"},
        {"greeting": None},
    ):
        yield json.dumps(sign_call(BUYER, offer, inputs=inputs, **fresh).body()).encode()
    yield json.dumps(sign_call(oracle, offer, inputs={}, **fresh).body()).encode()


def test_what_is_refused_is_refused_in_the_regions_own_words(shop: EdgeShop) -> None:
    here, there = f"{shop.edge.url}/offers/{shop.offer.id}", f"{shop.market.stack.url}/offers/{shop.twin.id}"
    oracle = shop.market.oracle
    pairs = zip(broken_calls(shop.offer, oracle), broken_calls(shop.twin, oracle), strict=True)
    for ours, theirs in pairs:
        edge, region = (
            httpx.post(f"{base}/calls", content=body, timeout=30)
            for base, body in ((here, ours), (there, theirs))
        )
        assert edge.headers["content-type"] == region.headers["content-type"] == "application/problem+json"
        said, words = edge.json(), region.json()["detail"]
        assert {**said, "detail": words} == region.json(), ours
        assert said["detail"] == words or words.startswith(OWN_WORDS), ours


def test_l12_the_edge_counts_an_hour_as_the_region_does(shop: EdgeShop) -> None:
    few = {"open": True, "keys": [], "per_buyer": {"per_hour": 2, "at_once": 5}}
    source = json.loads(shop.offer.document)
    there = Offer.parse(canonical({**json.loads(shop.twin.document), "access": few}))
    here = Offer.parse(canonical({**source, "access": few}))
    for offer in (here, there):
        shop.market.stack.put_up(shop.market.oracle, offer, shop.token)
    port = free_port()
    with Edge(shop.folder / "few", here, shop.token, key=EDGE, region=shop.door.url, port=port) as edge:
        answers = {
            base: [httpx.post(url(base, offer), json=signed(offer), timeout=60) for _ in range(3)]
            for base, offer in ((edge.url, here), (shop.market.stack.url, there))
        }
    ours, theirs = answers.values()
    assert [each.status_code for each in ours] == [each.status_code for each in theirs] == [202, 202, 429]
    assert ours[2].json() == theirs[2].json()
    assert 0 < int(ours[2].headers["retry-after"]) <= 3600


def url(base: str, offer: Offer) -> str:
    return f"{base}/offers/{offer.id}/calls"


def signed(offer: Offer) -> dict[str, Any]:
    fresh: dict[str, Any] = {"salt": secrets.token_hex(32), "nonce": secrets.randbits(128)}
    soon = int(time.time()) + 600
    return sign_call(BUYER, offer, inputs={"greeting": "hello"}, expires_at=soon, **fresh).body()


def test_what_the_edge_does_not_answer_is_the_regions(shop: EdgeShop) -> None:
    here, there = shop.edge.url, shop.market.stack.url
    for path in ("/openapi.json", f"/offers/{shop.offer.id}", "/nothing", f"/calls/{'0' * 64}"):
        assert httpx.get(f"{here}{path}").json() == httpx.get(f"{there}{path}").json(), path
    refused = httpx.post(f"{there}/offers/{shop.offer.id}/calls", json=shop.body(), timeout=30)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:sealrun:problem:refused")


def test_no_log_of_the_edge_shows_a_secret(shop: EdgeShop) -> None:
    assert shop.send(shop.body(inputs={"greeting": "NOT ALLOWED"})).status_code == 422
    log = shop.edge.log()
    assert "inputs-refused" in log
    for secret in (shop.token, EDGE.to_base58(), BUYER.to_base58()):
        assert secret not in log
    assert json.dumps(shop.token) not in log
