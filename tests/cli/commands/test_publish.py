"""What `sealrun publish` does on chain for prices in tokens, and what it says first."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from typer.testing import CliRunner

from sealrun.chain.token import TokenView
from sealrun.offers.offer import Offer
from sealrun_cli.commands import publish
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_lines import buying
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.target import Target
from sealrun_cli.lib.tokens import Token
from sealrun_cli.lib.tools import Sender
from sealrun_cli.main import app
from tests.cli.web import web
from tests.sealrun.offers.test_prices import TOKEN, both, credit
from tests.sealrun.world import (
    BUYER,
    CONTRACT,
    OPERATOR,
    SELLER,
    make_chain_offer,
    make_offer,
    make_paid_offer,
)

PAYEES = (SELLER.public_key(), OPERATOR.public_key())
SENDER = Sender(BUYER, "https://mina.test/graphql", "0.1", 50, proofs=False)


def token(offer: Offer, **changes: Any) -> Token:
    assert offer.payment is not None
    priced = offer.payment.priced_in(TOKEN)
    made = Token(priced, TokenView(*PAYEES), priced.cost.asset.of(7), "nobody can pause it", PAYEES, ())
    return replace(made, **changes)


def test_a3_an_offer_that_the_functions_do_not_serve_is_not_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A changed offer is another one: its stack, with the same oracle and ledger, would answer 404."""
    offer, other = make_offer(), make_offer(title="before")
    target = Target("s", "https://calls.test", "eu-central-1", "t", "k", "0", {"collect": "s-collect"})
    environment = {"SEALRUN_ORACLE_KEY": f"{offer.oracle}:AAA="}
    monkeypatch.setattr(Target, "_environment", lambda *_: environment)
    for served in (f"{other.id} {offer.id}", offer.id):
        environment["SEALRUN_OFFERS"] = served
        publish._check_stack(offer, target)
    environment["SEALRUN_OFFERS"] = other.id
    with pytest.raises(CliError, match=r"expected s to serve .*, got a stack of others") as caught:
        publish._check_stack(offer, target)
    assert "sealrun deploy" in caught.value.following


def test_a15_an_offer_with_a_price_in_a_token_takes_a_node_and_one_in_mina_none() -> None:
    assert publish._tokens(make_paid_offer(), "") == []
    with pytest.raises(CliError, match="expected --node for an offer with a price in a token, got none"):
        publish._tokens(make_paid_offer(prices=both()), "")


def test_what_has_to_be_opened_is_told_with_its_cost_before_the_yes() -> None:
    made = token(make_paid_offer(prices=both()))
    said = publish._token_plan([made], "0.1")
    names = " and ".join(key.to_base58() for key in PAYEES)
    assert said[-1] == f"open     2 accounts in RUN, 2 MINA and 0.1 MINA of fee: {names}"
    assert "admin" in said[2]
    one = publish._token_plan([replace(made, missing=PAYEES[:1])], "0.1")
    assert one[-1].startswith("open     1 account in RUN, 1 MINA and 0.1 MINA of fee: B62")
    assert publish._token_plan([replace(made, missing=())], "0.1") == made.lines


def test_the_tool_opens_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(publish, "run_tool", lambda name, *_, **named: asked.append((name, named)))
    publish._receive(token(make_paid_offer(prices=[credit()])), SENDER, Output(as_json=True))
    addresses = [key.to_base58() for key in PAYEES]
    assert asked == [("receive", {"asset": TOKEN, "addresses": addresses})]


def test_a_buyer_is_told_to_choose_where_there_are_several_prices() -> None:
    assert "--asset SYMBOL" in buying(make_paid_offer(prices=both()), "URL")
    assert "--asset" not in buying(make_paid_offer(), "URL")


def test_a_contract_is_not_paid_for_on_another_network_than_the_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid: list[str] = []

    def tool(name: str, *_: object, **__: object) -> dict[str, str]:
        paid.append(name)
        return {}

    for name in ("_check_stack", "publish_sealed", "find_target", "kept"):
        monkeypatch.setattr(publish, name, MagicMock())
    monkeypatch.setattr(publish, "read_offer", lambda _: make_chain_offer())
    monkeypatch.setattr(publish, "run_tool", tool)
    monkeypatch.setattr(publish, "credential_document", lambda *_: b"{}")
    monkeypatch.setattr(publish, "state_of", lambda *_: "open")
    keys = {"--key": tmp_path / "payer.key", "--contract-key": tmp_path / "contract.key"}
    for path, key in zip(keys.values(), (SELLER, CONTRACT), strict=True):
        path.write_text(key.to_base58())
        path.chmod(0o600)
    named = [str(each) for pair in keys.items() for each in pair]
    answer = {"syncStatus": "SYNCED", "networkID": "mina:mainnet"}
    with web({"POST /graphql": (200, {"data": answer})}) as site:
        asked = ["publish", "--node", f"{site.url}/graphql", *named, "--yes", "--json"]
        refused = CliRunner().invoke(app, asked)
        assert "expected networkID mina:devnet, got mina:mainnet" in refused.stdout
        assert (refused.exit_code, paid) == (1, [])
        answer["networkID"] = "mina:devnet"
        assert CliRunner().invoke(app, asked).exit_code == 0
    assert paid == ["offer"]
