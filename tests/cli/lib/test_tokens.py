"""What a seller is shown of a token, and what makes amounts readable, from a node that may lie."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mina.tokens import derive_token_id
from sealrun.errors import AccountRefused, NodeUnavailable
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA, Asset, asset_of
from sealrun.offers.prices import Price
from sealrun_cli.lib.assets import asset_on, named_on_chain
from sealrun_cli.lib.book import page
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tokens import Token, tokens_of
from tests.cli.web import Asked, Web, web
from tests.sealrun.fake_chain import account_answer, backing_answer, supply_answer, token_answer, vault_answer
from tests.sealrun.offers.test_prices import TOKEN, both, credit
from tests.sealrun.world import ACCOUNT, BUYER, OPERATOR, SELLER, make_paid_offer

RUN = Asset(TOKEN, "RUN", "smallest units of RUN", 0)
OFFER = make_paid_offer(prices=both())
NAME = ACCOUNT.public_key().to_base58()


class Node:
    """A Mina node with one token."""

    def __init__(self) -> None:
        assert OFFER.payment is not None
        self.token = token_answer()
        self.payees = account_answer(terms=OFFER.payment.prices[1].terms)
        self.held = {BUYER.public_key(): 7}
        self.backed = backing_answer(None)
        self.admin: Any = {"verificationKey": {"hash": pinned_keys()["FungibleTokenAdmin"]}}

    def answer(self, asked: Asked) -> tuple[int, Any]:
        query = asked.body["query"]
        if "tokenAccounts" in query:
            return 200, {"data": supply_answer(RUN, self.held, 7)}
        if "tokenOwner(tokenId:$id)" in query:
            return 200, {"data": {"tokenOwner": self.token}}
        if "counted:" in query:
            return 200, {"data": self.backed}
        if "$key" in query:
            return 200, {"data": {"account": self.admin}}
        return 200, {"data": {**self.payees, "token": self.token}}


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def site(node: Node) -> Iterator[Web]:
    with web({"POST /graphql": node.answer}) as running:
        yield running


def looked(site: Web) -> Token:
    with httpx.Client() as http:
        (token,) = tokens_of(OFFER, Service(http), f"{site.url}/graphql")
    return token


def test_a15_a_seller_reads_who_can_pause_and_mint_before_anything_is_published(
    site: Web, node: Node
) -> None:
    token = looked(site)
    assert token.lines[0] == f"token    RUN, {TOKEN}: 0 decimals, 7 RUN circulate"
    assert f"admin {OPERATOR.public_key().to_base58()}: the holder of its key can mint" in token.lines[2]
    assert token.missing == ()
    node.admin = None
    assert "is not known here: it decides who can mint more, and pause" in looked(site).lines[2]


def test_a17_a_seller_reads_what_is_behind_a_credit_and_sells_for_none_that_is_short(
    site: Web, node: Node
) -> None:
    uri = "https://ci.example/run.json#" + "5f" * 32
    node.backed = backing_answer(vault_answer(), uri=uri)
    lines = looked(site).lines
    assert "         1 MINA behind each, 60 MINA in the vault, until slot 29600, about 60 days" in lines
    assert lines[-1].startswith("promise  not shown: ")
    node.backed = backing_answer(vault_answer(locked=1), uri=uri)
    with pytest.raises(AccountRefused, match=r"vault\.balance: expected at least 3 MINA"):
        looked(site)


def test_a15_who_lacks_an_account_in_the_token_is_named(site: Web, node: Node) -> None:
    node.payees["seller"] = node.payees["operator"] = None
    assert looked(site).missing == (SELLER.public_key(), OPERATOR.public_key())


def test_a15_a_token_that_is_not_all_counted_is_not_sold_for(site: Web, node: Node) -> None:
    node.held[ACCOUNT.public_key()] = 1
    with pytest.raises(AccountRefused, match="sum: expected 7, got 8"):
        looked(site)
    node.held = {}
    node.token["permissions"]["access"] = "Either"
    with pytest.raises(AccountRefused, match=r"permissions\.access: expected Proof, got Either"):
        looked(site)


@pytest.mark.parametrize(
    "leave_out",
    [
        lambda payees: payees.pop("seller"),
        lambda payees: payees.pop("daemonStatus"),
        lambda payees: payees.update(daemonStatus=None),
        lambda payees: payees["daemonStatus"]["consensusConfiguration"].update(slotDuration=0),
    ],
    ids=["seller", "status", "no status", "slots of no length"],
)
def test_a15_a_node_that_leaves_things_out_is_no_node(site: Web, node: Node, leave_out: Any) -> None:
    leave_out(node.payees)
    with pytest.raises(NodeUnavailable, match="as it was asked for"):
        looked(site)


def named(site: Web, folder: Path, given: str = "", *, url: str = "") -> Asset:
    with httpx.Client() as http:
        return asset_on(Service(http), f"{site.url}/graphql", folder, NAME, given=given, url=url)


def test_a_token_that_this_client_does_not_know_is_named_by_its_owner(site: Web, tmp_path: Path) -> None:
    assert named(site, tmp_path) == MINA
    assert named(site, tmp_path, given="MINA") == MINA
    assert named(site, tmp_path, given=TOKEN) == RUN
    with pytest.raises(CliError, match=r"asset: expected a token id, or a symbol in .*, got RUN"):
        named(site, tmp_path, given="RUN")


def offered(*prices: dict[str, Any]) -> tuple[int, Any]:
    """A service's whole list of offers: one of these prices."""
    return 200, {"offers": [{"prices": list(prices)}], "next": None}


def test_a_symbol_stands_for_the_one_token_that_offers_call_so(site: Web, node: Node, tmp_path: Path) -> None:
    site.answers["GET /offers"] = offered(*both())
    assert named(site, tmp_path, given="RUN", url=site.url) == RUN
    with pytest.raises(CliError, match="got JOB"):
        named(site, tmp_path, given="JOB", url=site.url)
    node.token["tokenSymbol"] = "OTHER"
    with pytest.raises(CliError, match="asset: expected OTHER of 0 decimals, got RUN of 0 decimals"):
        named(site, tmp_path, given="RUN", url=site.url)


def test_a_symbol_of_two_tokens_is_refused_and_both_are_named(site: Web, tmp_path: Path) -> None:
    mine = Price(asset_of(derive_token_id(BUYER.public_key())).of(1), BUYER.public_key()).value()
    site.answers["GET /offers"] = offered(both()[1], {**mine, "symbol": "RUN"})
    with pytest.raises(CliError, match=f"RUN, which is the symbol of {TOKEN} and of {mine['asset']}"):
        named(site, tmp_path, given="RUN", url=site.url)


def test_a_symbol_stands_for_the_token_of_another_account_of_ones_own(site: Web, tmp_path: Path) -> None:
    assert OFFER.payment is not None
    other = BUYER.public_key().to_base58()
    with page(tmp_path, other, OFFER.payment.prices[1].terms, Known(0, 0), asset=RUN) as book:
        book.save()
    (tmp_path / f"{other}.topup.json").write_text("{}")
    (tmp_path / "B62qbroken.json").write_text("{}")
    assert named(site, tmp_path, given="RUN") == RUN


@pytest.mark.parametrize(
    "changes",
    [
        {"tokenSymbol": "MINA"},
        {"tokenSymbol": "a\u202eb"},
        {"zkappState": ["99"]},
        {"zkappState": None},
        {"verificationKey": None},
    ],
    ids=["called MINA", "turned around", "99 decimals", "no state", "other code"],
)
def test_a_token_that_is_called_something_odd_is_shown_in_smallest_units(
    site: Web, node: Node, changes: dict[str, Any]
) -> None:
    node.token |= changes
    with httpx.Client() as http:
        plain = Asset(TOKEN, f"{TOKEN[:10]}…", "smallest units", 0)
        assert named_on_chain(Service(http), f"{site.url}/graphql", plain) == plain


def test_an_offer_in_mina_asks_no_node() -> None:
    with httpx.Client() as http:
        assert list(tokens_of(make_paid_offer(), Service(http), "")) == []
    assert credit()["symbol"] == "RUN"
