"""Offers on a board at the command line: what is shown and said, what a plan tells, what is sent once."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mina import tokens
from mina.keys import PrivateKey
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun_cli.commands.market import listing as commands
from sealrun_cli.lib import board as lib
from sealrun_cli.main import app
from tests.cli.commands.test_credits import ASSET, TOKEN, Chain
from tests.cli.web import Asked, Web, web
from tests.sealrun.boards import (
    BOARD,
    NETWORK,
    OTHER_BOARD,
    STRANGER,
    FakeBoard,
    address_of,
    contract_key,
    listing_account,
    numbered_offer,
    signed,
)
from tests.sealrun.fake_chain import PINNED_OFFER
from tests.sealrun.world import SELLER, make_offer

NANO = 10**9
OFFER = numbered_offer(0, title="Build the layers")
RUNS = {"asset": ASSET, "amount": "2", "decimals": 0, "symbol": "RUN", "owner": address_of(TOKEN)}


@dataclass
class Market:
    """A node with a board and a credit, hosts of offers, and programs that are told what to send."""

    site: Web
    made: FakeBoard = field(default_factory=lambda: FakeBoard(date=int(time.time())))
    credit: Chain = field(default_factory=Chain)
    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def node(self, asked: Asked) -> tuple[int, Any]:
        query = asked.body["query"]
        if "board:account" in query or "a0:account" in query:
            return 200, {"data": self.made.node(query)}
        return self.credit.answer(asked)

    def put_up(self, offer: Offer) -> str:
        """Sell it on this site, and list it; the listing's address."""
        self.sell(offer)
        return self.made.add(signed(offer, host=self.site.url))

    def sell(self, offer: Offer, *, closed: int = 0) -> str:
        if offer.contract is not None:
            self.made.sell(offer, closed=closed)
        self.site.answers[f"GET /offers/{offer.id}"] = (200, {"document": json.loads(offer.document)})
        return f"{self.site.url}/offers/{offer.id}"

    def tool(self, name: str, _sender: object, _out: object, **request: Any) -> dict[str, Any]:
        self.ran.append((name, request))
        if name == "list":
            key = PrivateKey.from_base58(request["listing_key"]).public_key().to_base58()
            said = signed(OFFER, host=self.site.url)
            self.made.listings[key] = {**listing_account(said, 0), "publicKey": key}
            return {"status": "included", "hash": "5J", "listing": key, "board": request["board"]}
        return {"status": "included", "hash": "5J", "board": address_of(BOARD)}

    def __call__(
        self, name: str, *words: str, by: PrivateKey | None = None, json_: bool = True, **more: Any
    ) -> Result:
        on = [] if name in ("board", "delist") else [f"--board={more.get('board', address_of(BOARD))}"]
        here = ["--unsafe-loopback"] if on and more.get("here", True) else []
        paying = ["--key", "-", *(["--yes"] if more.get("yes", True) else [])] if by else []
        told = ["--json"] if json_ else []
        line = ["market", name, *words, *on, *here, "--node", f"{self.site.url}/graphql", *told, *paying]
        return CliRunner().invoke(app, line, input=by.to_base58() if by else None)


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    with web({}) as site:
        made = Market(site)
        site.answers["POST /graphql"] = made.node
        monkeypatch.setattr(commands, "run_tool", made.tool)
        monkeypatch.setattr(lib, "offer_code", lambda: PINNED_OFFER)
        monkeypatch.setattr(commands, "offer_code", lambda: PINNED_OFFER)
        yield made


def value(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def error(done: Result) -> dict[str, str]:
    assert done.exit_code == 1, done.output
    return dict(json.loads(done.stdout)["error"])


def test_a_search_shows_what_was_checked_and_counts_what_was_not(market: Market) -> None:
    market.put_up(OFFER)
    market.put_up(numbered_offer(1, title="Fuzz <b>a parser</b>"))
    forged = market.made.add(
        signed(numbered_offer(2), seller=STRANGER, host=market.site.url, board=OTHER_BOARD)
    )
    found = market("search", json_=False)
    assert found.exit_code == 0, found.output
    for said in (
        "Build the layers\n  5 MINA; gitlab, grade at least 0; inputs: layer, level\n",
        "Fuzz <b>a parser</b>\n",
        f"  seller {address_of(SELLER)}",
        "2 shown of 3 listings, at block 100",
        "not      1 contract; --all says which and why",
    ):
        assert said in found.stdout
    every = market("search", "--all", json_=False).stdout
    assert f"contract {forged}: contract: expected the account" in every
    assert [each["title"] for each in value(market("search", "BUILD"))["entries"]] == ["Build the layers"]
    assert value(market("search", "--all"))["not_shown"][0]["listing"] == forged


def test_a_paused_offer_is_shown_with_its_services_reason(market: Market) -> None:
    address = market.put_up(OFFER)
    view = {"document": json.loads(OFFER.document), "open": False, "reason": "our runners move house"}
    market.site.answers[f"GET /offers/{OFFER.id}"] = (200, view)
    assert "  takes no calls now: our runners move house\n" in market("search", json_=False).stdout
    assert "open     no: our runners move house\n" in market("show", address, json_=False).stdout


def test_a_dropped_price_is_shown_with_its_services_reason(market: Market) -> None:
    address = market.put_up(OFFER)
    dropped = [{"asset": OFFER.prices[0].cost.asset.id, "symbol": "x", "reason": "node: silent"}]
    view = {"document": json.loads(OFFER.document), "open": True, "dropped": dropped}
    market.site.answers[f"GET /offers/{OFFER.id}"] = (200, view)
    found = market("search", json_=False).stdout
    assert "  takes no calls now at the price in MINA: node: silent\n" in found
    assert "dropped  the price in MINA: node: silent\n" in market("show", address, json_=False).stdout


def test_filters_are_by_asset_price_provider_grade_and_input(market: Market) -> None:
    market.put_up(OFFER)
    market.put_up(numbered_offer(1, title="In credits", prices=[RUNS]))

    def titles(*words: str) -> list[str]:
        return [each["title"] for each in value(market("search", *words))["entries"]]

    for asset in (ASSET, address_of(TOKEN), "RUN"):
        assert titles("--asset", asset) == ["In credits"]
    assert titles("--at-most", "5") == ["Build the layers"]
    assert titles("--at-most", "4.999999999") == []
    assert titles("--asset", "RUN", "--at-most", "2") == ["In credits"]
    assert titles("--provider", "github") == titles("--grade", "1") == titles("--input", "x") == []
    assert len(titles("--provider", "gitlab", "--input", "level", "layer")) == 2
    for words in (["--at-most", "1e9"], ["--provider", "jenkins"]):
        assert error(market("search", *words))["type"] == "bad-request"
    shown = market("search", "--asset", "RUN", json_=False).stdout
    assert f"2 RUN (token {ASSET[:12]}…)" in shown


def test_a_full_board_is_sampled_and_it_is_said(market: Market) -> None:
    for at in range(6):
        market.put_up(numbered_offer(at))
    found = market("search", "--most", "2", json_=False).stdout
    assert "2 shown of 6 listings" in found
    assert "read     2 of them, at random: run again for others, or raise --most" in found


def test_a18_a_listing_asks_nothing_on_this_machine_unless_it_is_said(market: Market) -> None:
    market.put_up(OFFER)
    market.site.asked.clear()
    found = value(market("search", here=False))
    assert (found["entries"], found["failed"]) == ([], {"document": 1})
    assert {asked.path for asked in market.site.asked} == {"/graphql"}


def test_one_entry_is_shown_whole_by_its_listing_or_its_offer(market: Market) -> None:
    address = market.put_up(OFFER)
    market.put_up(numbered_offer(1, prices=[RUNS]))
    for named in (address, OFFER.id, f"https://elsewhere.example/offers/{OFFER.id}"):
        shown = value(market("show", named))
        assert (shown["listing"], json.loads(shown["document"])) == (address, json.loads(OFFER.document))
    lines = market("show", address, json_=False).stdout
    for said in (
        "open     yes, at block 100",
        "price    5 MINA if the run succeeds, else nothing",
        "input    layer: one of mina, sealrun, both",
        f"seller   {address_of(SELLER)}: signed this listing",
        f"contract {contract_key(OFFER).to_base58()}",
        f"buy      sealrun open {market.site.url}/offers/{OFFER.id} --deposit 20",
    ):
        assert said in lines
    tokens_ = market("show", numbered_offer(1, prices=[RUNS]).id, json_=False).stdout
    assert f"token    RUN is {ASSET}, owner {address_of(TOKEN)}" in tokens_
    missing = error(market("show", "5f" * 32))
    assert (missing["type"], "got none" in missing["detail"]) == ("not-found", True)
    assert error(market("show", "nothing"))["type"] == "bad-request"


def test_why_an_entry_does_not_hold_is_said(market: Market) -> None:
    market.sell(OFFER, closed=1)
    address = market.made.add(signed(OFFER, host=market.site.url))
    assert "closed: contract: its seller closed the offer" in error(market("show", address))["detail"]


def test_asks_come_cheapest_first_with_what_a_run_costs_there(market: Market) -> None:
    market.put_up(OFFER)
    market.put_up(numbered_offer(1, title="In credits", prices=[RUNS]))
    found = value(market("prices", address_of(TOKEN)))
    assert found["asks"][0]["price"] == str(NANO)
    assert [each["title"] for each in found["offers"]] == ["In credits"]
    lines = market("prices", address_of(TOKEN), json_=False).stdout
    assert "ask      25 at 1 MINA each" in lines
    assert "buys     In credits: 2 RUN, 2 MINA at the cheapest ask that has as many" in lines
    assert "board    1 offer of 2 listings take it" in lines
    market.credit.for_sale = 1
    lines = market("prices", address_of(TOKEN), json_=False).stdout
    assert "buys     In credits: 2 RUN\n" in lines, "one credit is no price of a run that takes two"
    market.credit.for_sale = 0
    assert "nobody sells it now" in market("prices", address_of(TOKEN), json_=False).stdout


def test_prices_need_no_board(market: Market) -> None:
    line = ["market", "prices", address_of(TOKEN), "--node", f"{market.site.url}/graphql"]
    done = CliRunner().invoke(app, line)
    assert "board    none was named" in done.stdout
    assert tokens.to_base58(tokens.derive_token_id(TOKEN.public_key())) in done.stdout


def test_without_a_board_it_is_said_that_none_is_open(market: Market) -> None:
    done = CliRunner().invoke(app, ["market", "search", "--node", f"{market.site.url}/graphql", "--json"])
    assert "none of the project's is open on mina:devnet" in error(done)["detail"]
    assert lib.BOARDS == {}


def test_listing_shows_cost_and_asks_first_and_is_done_once(market: Market) -> None:
    url = market.sell(OFFER)
    refused = market("list", url, by=SELLER, yes=False)
    assert (error(refused)["type"], market.ran) == ("confirm", [])
    for said in (
        "list     Build the layers, 5 MINA",
        "a listing cannot be taken back",
        "costs    1.1 MINA: 1 MINA for an account, 0.1 MINA of fee",
        "takes    no proof",
    ):
        assert said in refused.stderr
    first = value(market("list", url, by=SELLER))
    ((name, request),) = market.ran
    assert (name, request["url"], request["offer_hash"]) == ("list", url, str(OFFER.hash))
    assert request["signature"] == signed(OFFER, host=market.site.url).signature.to_base58()
    again = value(market("list", url, by=SELLER))
    assert (again["status"], again["listing"], len(market.ran)) == ("already-listed", first["listing"], 1)
    assert [each["listing"] for each in value(market("search"))["entries"]] == [first["listing"]]


def test_what_no_reader_would_show_is_not_paid_for(market: Market) -> None:
    url = market.sell(OFFER)
    closed = market.sell(numbered_offer(1), closed=1)
    unopened = numbered_offer(2)
    url_unopened = market.sell(unopened)
    del market.made.contracts[contract_key(unopened).to_base58()]
    free = market.sell(make_offer())
    cases = [
        (market("list", url, by=STRANGER), "not-allowed", "key: expected the seller's"),
        (market("list", closed, by=SELLER), "offer-closed", "that its seller closed"),
        (market("list", url_unopened, by=SELLER), "unavailable", "to exist, got none"),
        (market("list", free, by=SELLER), "no-contract", "with a contract on chain"),
        (market("list", url, by=SELLER, here=False), "bad-request", "expected one that others reach"),
        (market("list", url, "--network", "mina:mainnet", by=SELLER), "bad-request", "network"),
    ]
    assert "add --unsafe-loopback" in error(cases[4][0])["next"]
    market.made.board["permissions"]["access"] = "Proof"
    cases.append((market("list", url, by=SELLER), "account-refused", "board.permissions.access"))
    for done, kind, says in cases:
        assert (error(done)["type"], says in error(done)["detail"]) == (kind, True), done.output
    assert market.ran == []


def test_delisting_says_that_it_closes_the_offer_for_everybody(market: Market) -> None:
    url = market.sell(OFFER)
    refused = market("delist", url, by=SELLER, yes=False)
    assert "for everybody, for ever, not only on a board" in refused.stderr
    assert (error(refused)["type"], market.ran) == ("confirm", [])
    assert error(market("delist", url, by=STRANGER))["type"] == "not-allowed"
    assert value(market("delist", url, by=SELLER))["status"] == "included"
    ((name, request),) = market.ran
    assert (name, request["offer"]) == ("close", contract_key(OFFER).to_base58())


def test_an_offer_that_is_closed_is_not_closed_again(market: Market) -> None:
    url = market.sell(OFFER, closed=1)
    assert value(market("delist", url, by=SELLER, yes=False))["status"] == "already-closed"
    assert market.ran == []


def test_a_board_is_opened_for_everybody_for_ever(market: Market, tmp_path: Any) -> None:
    key = tmp_path / "board.key"
    key.write_text(BOARD.to_base58())
    key.chmod(0o600)
    refused = market("board", f"--board-key={key}", by=SELLER, yes=False)
    assert f"board    {address_of(BOARD)} on {NETWORK}: open to everybody, for ever" in refused.stderr
    market.credit.changes = {"networkID": "mina:mainnet"}
    elsewhere = json.loads(market("board", f"--board-key={key}", by=SELLER).stdout)
    assert "expected networkID mina:devnet, got mina:mainnet" in elsewhere["error"]["detail"]
    assert market.ran == [], "nothing is paid on another network than the plan names"
    market.credit.changes = {}
    opened = value(market("board", f"--board-key={key}", by=SELLER))
    assert opened["token"] == tokens.to_base58(tokens.derive_token_id(BOARD.public_key()))
    assert MINA.id != opened["token"]
