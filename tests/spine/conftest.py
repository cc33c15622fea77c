"""One stack and one seller for all tests of a whole sale.

With ``SEALRUN_TEST_EDGE=1`` an edge stands before the stack and takes the offer's calls: ``make test-edge``.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.edge import Edge
from local.market import Market
from local.repositories import commit_all
from local.stack import Stack
from mina.keys import PrivateKey
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.calls.call import SignedCall
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer

PIPELINE = """\
spec:
  inputs:
    sealrun_call:
      regex: ^[0-9a-f]{64}$
    greeting:
      default: hello
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"

greet:
  id_tokens:
    SEALRUN_ID_TOKEN:
      aud: "urn:sealrun:call:$[[ inputs.sealrun_call ]]"
  script:
    - mkdir sealrun-profile && printf %s "$SEALRUN_ID_TOKEN" > sealrun-profile/token.jwt
    - test "$[[ inputs.greeting ]]" != fail
    - mkdir out && echo "$[[ inputs.greeting ]]" > out/greeting.txt
  artifacts:
    paths: [out/, sealrun-profile/]
"""
EDGE_WANTED = os.environ.get("SEALRUN_TEST_EDGE") == "1"
PROPERTIES = {"greeting": {"type": "string", "pattern": "^[a-z]{1,20}$", "maxLength": 20}}


@dataclass
class Shop:
    """A published offer on a running stack, and a buyer."""

    market: Market[Stack]
    offer: Offer
    buyer: PrivateKey
    secrets: list[str]
    edge: Edge | None = None

    @property
    def url(self) -> str:
        """The service that buyers know: the edge's where one stands before the stack."""
        return self.edge.url if self.edge else self.market.stack.url

    @property
    def base(self) -> str:
        return f"{self.url}/offers/{self.offer.id}"

    def log(self, function: str) -> str:
        """What the function said of calls, or the edge in its place."""
        return self.edge.log() if self.edge else self.market.stack.host.log(function)

    def sign(self, **changes: Any) -> SignedCall:
        values: dict[str, Any] = {
            "inputs": {"greeting": "hello"},
            "salt": secrets.token_hex(32),
            "nonce": secrets.randbits(128),
            "expires_at": int(time.time()) + 600,
        }
        return sign_call(self.buyer, self.offer, **{**values, **changes})

    def send(self, signed: SignedCall) -> httpx.Response:
        return httpx.post(f"{self.base}/calls", json=signed.body(), timeout=60)

    def wait(self, call: str, *, seconds: int = 60, hurry: bool = False) -> dict[str, Any]:
        """The call once it is over; ``hurry`` has the next sweep look again at a run that nobody collects."""
        end = time.monotonic() + seconds
        seen: dict[str, Any] = {}
        while time.monotonic() < end:
            seen = httpx.get(f"{self.url}/calls/{call}", timeout=30).json()
            if seen["receipt"] is not None:
                return seen
            if hurry:
                self._look_now(call)
            time.sleep(0.3)
        raise AssertionError(f"call: expected it to be over in {seconds} s, got {seen}")

    def age(self, call: str, *, seconds: int) -> None:
        """What nobody can do but a test: a waiting call was claimed, and last tried, so much earlier."""
        ledger = self._ledger
        while not self.edge:  # which waits by its own clock
            record = ledger.record(int(call, 16))
            assert record is not None
            names = ("claimed_at", "tried_at", "wake_at", "lease_until")
            earlier = {name: getattr(record, name) - seconds for name in names}
            if ledger.save(record, replace(record, version=record.version + 1, **earlier)):
                return

    def _look_now(self, call: str) -> None:
        record, now = self._ledger.record(int(call, 16)), int(time.time())
        if record and record.run_id and record.wake_at > now and not record.leased(now):
            # Where a function takes its step meanwhile, the save is refused.
            self._ledger.save(record, replace(record, version=record.version + 1, wake_at=now))

    @cached_property
    def _ledger(self) -> DynamoLedger:
        stack = self.market.stack
        return DynamoLedger(stack.aws.client("dynamodb"), table=stack.provisioned.table)

    def runs(self, call: str) -> list[int]:
        """The pipelines of this call at the provider."""
        pipelines = self.market.gitlab.store.pipelines.values()
        return [pipeline.id for pipeline in pipelines if call in pipeline.name]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    commit = repository(folder / "seller")
    oracle, buyer = PrivateKey.from_scalar(secrets.randbits(250) | 1), PrivateKey.from_scalar(77)
    key, port = (PrivateKey.from_scalar(99), free_port()) if EDGE_WANTED else (None, 0)
    public = {"SEALRUN_PUBLIC_URL": f"http://127.0.0.1:{port}"} if port else {}
    changes = {"edge": key.public_key().to_base58()} if key else {}
    with Stack(folder / "stack", with_gitlab=True, sweep_seconds=2.0, environment=public) as stack:
        assert stack.gitlab is not None
        market = Market(stack, stack.gitlab, oracle)
        offer, token = market.offer_pipeline(
            "seller/greetings", folder / "seller", tag="v1", commit=commit, properties=PROPERTIES, **changes
        )
        webhook_secret = market.publish(offer, token.value)
        hidden = [token.value, webhook_secret, oracle.to_base58(), buyer.to_base58()]
        with ExitStack() as opened:
            made = Shop(market, offer, buyer, hidden)
            if key:
                edge = Edge(folder / "edge", offer, token.value, key=key, region=stack.url, port=port)
                made.edge = opened.enter_context(edge)
            yield made


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def repository(folder: Path) -> str:
    """A repository with the pipeline at the tag v1; its commit."""
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    return commit_all(folder, "v1")
