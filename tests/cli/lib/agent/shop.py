"""A desk before one operator's functions and bucket; ``spoil`` changes what the operator answers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun.runs.record import Record
from sealrun_cli.lib.agent.desk import Desk
from sealrun_cli.lib.agent.wallet import Caps, Wallet
from sealrun_cli.lib.book import page
from tests.sealrun.fake_chain import account_answer
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import ACCOUNT, BUYER, PRICE

NAME = ACCOUNT.public_key().to_base58()
INPUTS = {"layer": "both"}
Answer = Callable[[httpx.Request, httpx.Response], httpx.Response]


def caps(per_call: int = 1, per_day: int = 2, per_seller: int = 2) -> Caps:
    """So many prices of the market's offer."""
    return Caps(*(MINA.of(each * PRICE) for each in (per_call, per_day, per_seller)))


class Shop:
    """The market behind HTTP, and the desk of an agent who buys there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, market: Market | None = None) -> None:
        self.market = market or Market()
        self.market.clock.now = int(time.time())  # the client's clock is the real one
        self.market.chain.answer = account_answer(balance=100 * PRICE, date=self.market.clock.now)
        self.folder = folder
        more = {"store": self.market.store}
        self._functions = {
            name: Gateway(load(name, self.market, monkeypatch, **more)) for name in ("call", "receipt")
        }
        self.asked: list[httpx.Request] = []
        self.spoil: Answer = lambda _, answer: answer
        self.now = 1_000_000
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))

    def desk(self, found: Caps | None = None, **more: Any) -> Desk:
        """Another process's desk over the same folder."""
        wallet = Wallet(self.folder, found or caps(), clock=lambda: self.now)
        parts: dict[str, Any] = {"account": NAME, "sleep": lambda _: None, **more}
        return Desk(self.http, BUYER, "buyer.key", wallet, state=self.folder, **parts)

    def open_account(self) -> None:
        """As ``sealrun open`` leaves the folder."""
        assert self.market.offer.payment is not None
        with page(self.folder, NAME, self.market.offer.payment.terms, Known(0, 0)) as book:
            book.save()

    @property
    def offer(self) -> str:
        return f"{SERVICE}/offers/{self.market.offer.id}"

    def end(self, call: str) -> Record:
        """The call's run comes to its end."""
        return self.market.settle(int(call.rpartition("/")[2], 16))

    def signed(self) -> int:
        """The highest limit that was ever signed."""
        with page(self.folder, NAME) as book:
            return book.known.highest

    @property
    def payments(self) -> list[httpx.Request]:
        """The requests that carried a payment."""
        return [each for each in self.asked if "payment-signature" in each.headers]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host == "evidence.test":
            answer = httpx.Response(200, content=self.market.store.bytes[request.url.path[1:]])
        else:
            name = "receipt" if request.url.path.startswith("/calls/") else "call"
            answer = self._functions[name].answer(request)
        return self.spoil(request, answer)
