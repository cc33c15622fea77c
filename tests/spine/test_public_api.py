"""schemathesis against the running stack: no server error, no answer that the description leaves out."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis

from local.loopback import LoopbackServer, Request, json_reply
from local.market import in_mina
from mina.keys import PrivateKey, PublicKey
from sealrun.calls.call import SignedCall
from sealrun.calls.ticket import Redemption
from sealrun.calls.ticket_url import issue
from sealrun.money import x402
from sealrun.money.buyer import sign_account_read, sign_calls_read, sign_read
from sealrun.offers.offer import Offer
from sealrun.offers.terms import Terms
from tests.sealrun.fake_chain import PINNED, account_answer
from tests.sealrun.market import body_of, payment_of
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, SELLER, sign_paid_call, terms_value
from tests.spine.conftest import PROPERTIES, Shop, repository

pytestmark = pytest.mark.peers

LEDGER = 7
FUNCTIONS = ("account", "call", "health")
# A call is refused for its payment or its offer before its body is read to the end (L2). Not checked: that
# whatever fits the schemas is taken, for signatures and expiry are beyond them.
CONFIG = """
request-timeout = 60
continue-on-failure = true

[generation]
max-examples = 25
deterministic = true
database = "none"

[phases.stateful]
enabled = false

[checks]
positive_data_acceptance.enabled = false
negative_data_rejection.expected-statuses = ["400", "402", "403", "404", "422", "429", "503"]
"""


@dataclass
class Site:
    """The stack with one free and one paid offer, a call of each, and who may read what."""

    shop: Shop
    paid: Offer
    free_call: SignedCall
    paid_call: SignedCall

    @property
    def url(self) -> str:
        return self.shop.url

    def description(self) -> dict[str, Any]:
        """The description as the stack publishes it, with what is there as examples."""
        document: dict[str, Any] = httpx.get(f"{self.url}/openapi.json", timeout=30).json()
        known = {
            "offer": [self.shop.offer.id, self.paid.id],
            "call": [self.free_call.call.id, self.paid_call.call.id],
            "address": [ACCOUNT.public_key().to_base58()],
            **{name.lower(): [value] for name, value in self.reads(SELLER).items()},
        }
        for item in document["paths"].values():
            for operation in item.values():
                for parameter in operation.get("parameters", ()):
                    for number, example in enumerate(known.get(parameter["name"], ())):
                        parameter.setdefault("examples", {})[str(number)] = {"value": example}
        return document

    def reads(self, who: PrivateKey) -> dict[str, str]:
        until = int(time.time()) + 1800
        return sign_account_read(who, "mina:devnet", ACCOUNT.public_key(), expires_at=until, service=self.url)

    def redemption(self, until: int) -> Redemption:
        """A ticket for one greeting, and its one use."""
        granted: dict[str, Any] = {
            "audience": self.url,
            "inputs": {"greeting": "hi"},
            "opened": (),
            "until": until,
        }
        ticket = issue(self.shop.buyer, self.shop.offer, PrivateKey.from_scalar(until), **granted)
        return ticket.redeem({}, salt="ab" * 32, nonce=1, expires_at=until)

    def refused(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Signed calls that are refused, each with its status."""
        first: dict[str, Any] = self.free_call.body()
        taken, other = (self.shop.sign(identifier="the-same-name-twice") for _ in range(2))
        yield taken.body(), 202
        yield other.body(), 409
        yield {**first, "expires_at": 1}, 400
        yield {**first, "signature": other.body()["signature"], "nonce": "0" * 32}, 403
        yield self.shop.sign(inputs={"greeting": "NO"}).body(), 422

    def good(self) -> Iterator[tuple[str, str, dict[str, Any], int]]:
        """Requests as a client makes them, each with the status that it must get."""
        free, paid = {"offer": self.shop.offer.id}, {"offer": self.paid.id}
        call, account = {"call": self.free_call.call.id}, {"address": ACCOUNT.public_key().to_base58()}
        key, until = PublicKey.from_base58(self.free_call.call.account.to_base58()), int(time.time()) + 600
        right: dict[str, Any] = {"expires_at": until, "service": self.url}
        mine = sign_read(self.shop.buyer, "mina:devnet", key, self.free_call.call.hash, **right)
        header = {x402.SIGNATURE_HEADER: x402.encoded(payment_of(self.paid_call, self.paid))}
        bought: dict[str, Any] = {"body": body_of(self.paid_call), "media_type": "application/json"}
        stale = {**bought, "body": {**bought["body"], "expires_at": until}}
        yield "/openapi.json", "GET", {}, 200
        for after in ({}, {"after": self.paid.id}):
            yield "/offers", "GET", {"query": after}, 200
        for offer in (free, paid):
            yield "/offers/{offer}", "GET", {"path_parameters": offer}, 200
        yield "/offers/{offer}/receipts", "GET", {"path_parameters": free}, 403
        again = {"path_parameters": free, "body": self.free_call.body(), "media_type": "application/json"}
        yield "/offers/{offer}/calls", "POST", again, 202
        yield "/offers/{offer}/calls", "POST", {"path_parameters": paid, "headers": header, **bought}, 202
        yield "/offers/{offer}/calls", "POST", {"path_parameters": paid, **stale}, 402
        redeemed = self.redemption(until)
        ticket = {"path_parameters": {"ticket": redeemed.grant.id}, "media_type": "application/json"}
        yield "/tickets/{ticket}", "POST", {**ticket, "body": redeemed.body()}, 202
        for path in ("", "/receipt", "/receipt.intoto.jsonl", "/evidence"):
            yield f"/calls/{{call}}{path}", "GET", {"path_parameters": call}, 200
        yield "/calls/{call}/evidence", "GET", {"path_parameters": call, "headers": mine}, 200
        for who in (SELLER, BUYER):
            yield "/accounts/{address}", "GET", {"path_parameters": account, "headers": self.reads(who)}, 200
        mine = sign_calls_read(BUYER, "mina:devnet", ACCOUNT.public_key(), **right)
        listed = {"path_parameters": account, "query": {"network": "mina:devnet"}}
        yield "/accounts/{address}/calls", "GET", {**listed, "headers": mine}, 200
        stranger = self.reads(PrivateKey.from_scalar(66))
        yield "/accounts/{address}", "GET", {"path_parameters": account, "headers": stranger}, 403


@pytest.fixture(scope="module")
def site(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    market = shop.market
    terms = Terms.parse(terms_value(oracle=market.oracle.public_key().to_base58(), exit_delay=1000))

    def says(_request: Request) -> Any:
        return json_reply(200, {"data": account_answer(terms=terms, date=int(time.time()))})

    with LoopbackServer(says, max_body=1 << 20) as node:
        paid = publish_paid(shop, terms, tmp_path_factory.mktemp("paid") / "seller")
        chain = {
            "SEALRUN_VERIFICATION_KEY": PINNED.verification_key,
            "SEALRUN_MINA_NODES": f"{node.url}/graphql",
            "SEALRUN_LEDGER": str(LEDGER),
        }
        for name in FUNCTIONS:
            market.stack.configure(name, chain)
        free_call = shop.sign()
        assert shop.send(free_call).status_code == 202
        shop.wait(free_call.call.id)
        market.stack.host.invoke("health", {})
        until = int(time.time()) + 3600
        paid_call = sign_paid_call(paid, limit=PRICE, expires_at=until, inputs={"greeting": "hello"})
        yield Site(shop, paid, free_call, paid_call)


def publish_paid(shop: Shop, terms: Terms, folder: Path) -> Offer:
    commit = repository(folder)
    money = {
        "prices": in_mina(PRICE),
        "terms": {name: each for name, each in terms.value().items() if name != "asset"},
        "payment": {"depth": 0, "nodes": 1, "failed_per_day": 5},
    }
    offer, token = shop.market.offer_pipeline(
        "seller/paid", folder, tag="v1", commit=commit, properties=PROPERTIES, **money
    )
    shop.market.publish(offer, token.value)
    return offer


def test_what_a_client_asks_for_is_answered_as_the_description_says(site: Site) -> None:
    schema = schemathesis.openapi.from_dict(site.description())
    schema.config.update(base_url=site.url)
    seen = set()
    for path, method, parts, status in site.good():
        answer = schema[path][method].Case(**parts).call_and_validate()
        assert answer.status_code == status, (path, answer.text)
        seen.add(path)
    for body, status in site.refused():
        parts = {"path_parameters": {"offer": site.shop.offer.id}, "media_type": "application/json"}
        answer = schema["/offers/{offer}/calls"]["POST"].Case(body=body, **parts).call_and_validate()
        assert answer.status_code == status, answer.text
    assert seen == {path for path in schema.raw_schema["paths"] if not path.startswith("/webhooks/")}


def test_no_request_gets_a_server_error_or_an_answer_without_a_name(site: Site, tmp_path: Path) -> None:
    """Examples, every bound of every value, and made-up requests, good ones and bad ones."""
    (tmp_path / "openapi.json").write_text(json.dumps(site.description()))
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    named = ["--url", site.url, "--report", "json", "--report-json-path", str(tmp_path / "report.json")]
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(tmp_path / "openapi.json"), *named]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
