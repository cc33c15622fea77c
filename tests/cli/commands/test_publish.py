"""What `sealrun publish` does on chain for prices in tokens, and what it says first."""

from dataclasses import replace
from typing import Any

import pytest

from sealrun.chain.token import TokenView
from sealrun.offers.offer import Offer
from sealrun_cli.commands import publish
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_lines import buying
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.tokens import Token
from sealrun_cli.lib.tools import Sender
from tests.sealrun.offers.test_prices import TOKEN, both, credit
from tests.sealrun.world import BUYER, OPERATOR, SELLER, make_paid_offer

PAYEES = (SELLER.public_key(), OPERATOR.public_key())
SENDER = Sender(BUYER, "https://mina.test/graphql", "0.1", 50, proofs=False)


def token(offer: Offer, **changes: Any) -> Token:
    assert offer.payment is not None
    priced = offer.payment.priced_in(TOKEN)
    made = Token(priced, TokenView(*PAYEES), priced.cost.asset.of(7), "nobody can pause it", PAYEES, ())
    return replace(made, **changes)


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
