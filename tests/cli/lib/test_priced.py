"""Which price is meant: never a guess between two assets, and never another one than the account's."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Payment
from sealrun_cli.lib.book import known_page, page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.priced import chosen, priced_on
from tests.sealrun.offers.test_prices import TOKEN, both, credit
from tests.sealrun.world import ACCOUNT, make_paid_offer

NAME = ACCOUNT.public_key().to_base58()


def payment(*prices: dict[str, object]) -> Payment:
    found = make_paid_offer(prices=list(prices)).payment
    assert found is not None
    return found


def test_without_a_name_it_is_mina_or_the_only_price() -> None:
    assert chosen(payment(*both()), "").cost.asset == MINA
    assert chosen(payment(credit()), "").cost.asset.id == TOKEN


@pytest.mark.parametrize("name", ["RUN", TOKEN])
def test_a_price_is_named_by_symbol_or_id(name: str) -> None:
    assert chosen(payment(*both()), name).terms.asset.id == TOKEN


@pytest.mark.parametrize("name", ["run", "GOLD", "wTwin"])
def test_a_name_that_no_price_has_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(CliError, match=f"expected one of MINA .*, RUN \\({TOKEN}\\), got {name}"):
        chosen(payment(*both()), name)


def test_an_account_is_charged_in_its_own_asset_alone(tmp_path: Path) -> None:
    offered = payment(*both())
    token = offered.prices[1]
    assert priced_on(offered, tmp_path, NAME, "").cost.asset == MINA
    with page(tmp_path, NAME, token.terms, Known(0, 0), asset=token.cost.asset) as book:
        book.save()
    assert priced_on(offered, tmp_path, NAME, "") == token
    assert priced_on(offered, tmp_path, NAME, "RUN") == token
    with pytest.raises(CliError, match=f"asset: expected RUN, in which {NAME} is kept, got MINA"):
        priced_on(offered, tmp_path, NAME, "MINA")


def test_who_names_the_keys_account_on_another_network_is_told_how_to_name_this_one(tmp_path: Path) -> None:
    offered = payment(*both())
    with page(tmp_path, NAME, replace(offered.terms, network="mina:mainnet"), Known(0, 0)) as book:
        book.save()
    with pytest.raises(CliError, match="kept for one in MINA on mina:mainnet of other terms") as refused:
        priced_on(offered, tmp_path, NAME, "")
    assert "--state" in refused.value.following


def test_a15_an_offer_that_writes_the_accounts_token_with_other_decimals_is_refused(tmp_path: Path) -> None:
    """Nobody signs decimals: with more of them, a limit reads as a thousandth of what it is."""
    token = payment(*both()).prices[1]
    with page(tmp_path, NAME, token.terms, Known(0, 0), asset=token.cost.asset) as book:
        book.save()
    for change in ({"decimals": token.cost.asset.decimals + 3}, {"symbol": "RUNS"}):
        other = payment(both()[0], {**both()[1], **change})
        with pytest.raises(CliError, match=r"asset: expected RUN of 0 decimals, got RUNS? of [03] decimals"):
            priced_on(other, tmp_path, NAME, "")


def test_the_names_of_an_accounts_asset_are_kept_with_it(tmp_path: Path) -> None:
    token = payment(*both()).prices[1]
    with page(tmp_path, NAME, token.terms, Known(1, 2), asset=token.cost.asset) as book:
        book.save()
    known = known_page(tmp_path, NAME)
    assert known is not None
    assert (known.asset, known.named, known.known) == (token.cost.asset, True, Known(1, 2))
    with page(tmp_path, "other", token.terms, Known(0, 0)) as book:
        book.save()
    unnamed = known_page(tmp_path, "other")
    assert unnamed is not None
    assert (unnamed.asset.id, unnamed.named) == (TOKEN, False)
