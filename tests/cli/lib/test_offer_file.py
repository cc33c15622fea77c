"""``offer.toml`` stands for exactly one offer document."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from sealrun.errors import Malformed
from sealrun.offers.asset import TRADED
from sealrun.offers.offer import Offer
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.init_answers import DEPTH, EXIT_DELAY, SHARE, Trade
from sealrun_cli.lib.offer_file import document, read_offer, read_values, write_values
from tests.sealrun.world import (
    SELLER,
    chain_value,
    make_chain_offer,
    make_offer,
    make_paid_offer,
    offer_value,
    paid_value,
)

CONSTANTS = ("sealrun", "kind")


def as_file(value: dict[str, Any]) -> dict[str, Any]:
    """The offer document's value in the words of the file."""
    left = (*CONSTANTS, "prices")
    written = {name: each for name, each in value.items() if name not in left and each is not None}
    written["price"] = TRADED.of(value["prices"][0]["amount"] if value["prices"] else 0).number
    written["inputs"] = {
        name: each for name, each in value["inputs"].items() if name not in ("type", "additionalProperties")
    }
    if value["terms"] is not None:
        written["terms"] = {
            name: each for name, each in value["terms"].items() if name not in ("network", "oracle")
        }
    return written


@pytest.mark.parametrize(
    ("value", "offer"),
    [
        (offer_value(), make_offer()),
        (paid_value(), make_paid_offer()),
        (chain_value(), make_chain_offer()),
    ],
    ids=["free", "paid", "on chain"],
)
def test_what_is_written_reads_back_as_the_same_offer(
    value: dict[str, Any], offer: Any, tmp_path: Path
) -> None:
    path = tmp_path / "offer.toml"
    write_values(path, as_file(value))
    assert read_offer(path).hash == offer.hash
    assert json.loads(document(read_values(path))) == value
    assert "# " in path.read_text()


def test_l12_what_init_writes_lets_one_account_run_what_one_buyer_may_and_says_what_each_line_means(
    tmp_path: Path,
) -> None:
    paid = as_file(paid_value())
    seller, operator = (paid["terms"][name] for name in ("seller", "operator"))
    trade = Trade("5", paid["oracle"], seller, operator, SHARE, EXIT_DELAY, DEPTH, "7", "")
    chosen = trade.members()
    path = tmp_path / "offer.toml"
    write_values(path, {**paid, **chosen})
    offer = read_offer(path)
    assert offer.payment is not None
    assert offer.payment.failed_per_day >= offer.access.share.at_once
    assert offer.access.share.at_once < offer.limits.at_once
    for name in ("queue_seconds", "minutes_per_month", "per_hour", "failed_per_day"):
        assert re.search(rf"^{name} = [0-9]+ # [a-z]", path.read_text(), re.MULTILINE)
    assert len(set(re.findall("^at_once = .*", path.read_text(), re.MULTILINE))) == 2


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(CliError, match="got also colour"):
        document({**as_file(offer_value()), "colour": "red"})


def test_a_free_offer_with_terms_is_refused() -> None:
    with pytest.raises(CliError, match=r"expected no \[payment\] beside a price of 0"):
        document({**as_file(paid_value()), "price": "0"})


def test_a_price_without_terms_is_refused() -> None:
    with pytest.raises(CliError, match=r"expected \[terms\] beside a price"):
        document({**as_file(offer_value()), "price": "1"})


@pytest.mark.parametrize(
    ("text", "said"),
    [("title = ", "expected TOML"), ("title = 'x'", "expected inputs"), (None, "got no such file")],
)
def test_a_file_that_is_no_offer_is_refused(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "offer.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CliError, match=said):
        read_offer(path)


def test_what_no_stack_would_take_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "offer.toml"
    write_values(path, {**as_file(offer_value()), "title": "é"})
    with pytest.raises(CliError, match=r"offer.toml: title: expected 1 to 80 printable"):
        read_offer(path)


@pytest.mark.parametrize(("amount", "text"), [(0, "0"), (5 * 10**9, "5"), (1, "0.000000001")])
def test_amounts_are_written_as_people_write_them(amount: int, text: str) -> None:
    assert TRADED.of(amount).number == text


def test_e7_no_offer_is_written_through_a_link_that_a_cloned_repository_brings(tmp_path: Path) -> None:
    outside, planted = tmp_path / "outside", tmp_path / "clone" / "offer.toml"
    planted.parent.mkdir()
    planted.symlink_to(outside)
    with pytest.raises(Malformed, match=r"offer\.toml: expected a plain file or nothing yet"):
        write_values(planted, as_file(offer_value()))
    assert not outside.exists()


def with_tokens(**tokens: Any) -> dict[str, Any]:
    return {**as_file(paid_value()), "tokens": tokens}


def test_a_token_is_a_table_of_its_own_and_its_id_follows_from_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "offer.toml"
    owner = SELLER.public_key().to_base58()
    path.write_text(tomlkit.dumps(with_tokens(RUN={"owner": owner, "decimals": 2, "price": "1.5"})))
    offer = read_offer(path)
    assert offer.cost == "5 MINA or 1.5 RUN"
    assert offer.prices[1].owner == SELLER.public_key()
    alone = {**read_values(path), "price": "0"}
    only = Offer.parse(document(alone))
    assert only.cost == "1.5 RUN"
    assert only.payment is not None


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ([1], r"expected \[tokens.SYMBOL\]"),
        ({"RUN": 1}, r"expected \[tokens.SYMBOL\]"),
        ({"RUN": {"owner": "B62", "decimals": 0, "price": "1"}}, "owner: "),
        ({"RUN": {"decimals": 0, "price": "1"}}, "tokens.RUN: expected"),
        (
            {"RUN!": {"owner": SELLER.public_key().to_base58(), "decimals": 0, "price": "1"}},
            "symbol: expected",
        ),
        (
            {"mina": {"owner": SELLER.public_key().to_base58(), "decimals": 0, "price": "1"}},
            "symbol of the token.s own, got mina",
        ),
        (
            {"RUN": {"owner": SELLER.public_key().to_base58(), "decimals": 19, "price": "1"}},
            "decimals: expected",
        ),
        (
            {"RUN": {"owner": SELLER.public_key().to_base58(), "decimals": 0, "price": "1.5"}},
            "amount: expected RUN",
        ),
    ],
)
def test_a_token_that_is_not_of_its_form_is_refused(tokens: Any, text: str) -> None:
    with pytest.raises(CliError, match=text):
        document({**as_file(paid_value()), "tokens": tokens})
