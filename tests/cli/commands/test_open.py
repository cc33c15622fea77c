"""What `sealrun open` looks at before it asks for a yes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sealrun.chain.token import FUNGIBLE_CODE
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun_cli.lib.book import opening, page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import new_key
from sealrun_cli.main import app
from tests.cli.web import web
from tests.sealrun.offers.test_prices import both
from tests.sealrun.world import BUYER, make_paid_offer

NODE = {"syncStatus": "SYNCED", "networkID": "mina:devnet"}


def test_a15_a_deposit_is_asked_for_in_the_tokens_own_decimals(tmp_path: Path) -> None:
    """An offer that gives its token fewer or more of them is told before anybody agrees to an amount."""
    offer = make_paid_offer(prices=both())
    owner: dict[str, Any] = {
        "tokenSymbol": "RUN",
        "zkappState": ["6", *["0"] * 7],
        "verificationKey": {"hash": FUNGIBLE_CODE},
    }
    served = {"document": json.loads(offer.document), "open": True, "reason": ""}
    answers: Any = {
        f"GET /offers/{offer.id}": (200, served),
        "POST /graphql": (200, {"data": {**NODE, "tokenOwner": owner}}),
    }
    with web(answers) as site:
        named = ["open", f"{site.url}/offers/{offer.id}", "--deposit", "20", "--asset", "RUN", "--key", "-"]
        where = ["--node", f"{site.url}/graphql", "--state", str(tmp_path), "--json"]
        account = ["--account-key", str(tmp_path / "account.key")]
        done = CliRunner().invoke(app, [*named, *where, *account], input=BUYER.to_base58())
        assert done.stdout, (done.output, done.exception)
        error = json.loads(done.stdout)["error"]
        assert "expected RUN of 6 decimals, got RUN of 0 decimals in the offer" in error["detail"]
        owner["zkappState"][0] = "0"
        done = CliRunner().invoke(app, [*named, *where, *account], input=BUYER.to_base58())
        assert done.stdout, (done.output, repr(done.exception))
        assert json.loads(done.stdout)["error"]["type"] == "confirm"
        assert "deposit 20 RUN" in done.stderr
    assert not (tmp_path / "account.key").exists()


@pytest.mark.parametrize(
    "told",
    [
        {"open": True, "dropped": [{"asset": MINA.id, "symbol": "MINA", "reason": "it is over"}]},
        {"open": False, "reason": "it is over"},
    ],
    ids=["price", "offer"],
)
def test_l8_no_money_is_put_where_no_call_is_taken_now(tmp_path: Path, told: dict[str, Any]) -> None:
    """It would come back after the exit delay only."""
    offer = make_paid_offer()
    with web({f"GET /offers/{offer.id}": (200, {"document": json.loads(offer.document), **told})}) as site:
        named = ["open", f"{site.url}/offers/{offer.id}", "--deposit", "20", "--key", "-", "--node", site.url]
        kept = ["--account-key", str(tmp_path / "account.key"), "--state", str(tmp_path), "--json"]
        done = CliRunner().invoke(app, [*named, *kept], input=BUYER.to_base58())
    error = json.loads(done.stdout)["error"]
    assert (error["type"], "it is over" in error["detail"]) == ("offer-closed", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((503, {}), "node-unavailable"),
        ((200, {"data": {**NODE, "account": {"publicKey": "B62"}}}), "already-open"),
    ],
    ids=["no answer", "open"],
)
def test_a10_an_open_account_keeps_its_terms_whatever_is_asked_for_with_its_key(
    tmp_path: Path, answer: tuple[int, Any], kind: str
) -> None:
    """Without them no call on it is signed, and `exit` asks for other terms than its own."""
    offer = make_paid_offer()
    assert offer.payment is not None
    terms = offer.payment.terms
    address = new_key(tmp_path / "account.key").public_key().to_base58()
    with page(tmp_path, address, replace(terms, exit_delay=terms.exit_delay + 1), Known(5, 5)) as book:
        book.save()
    kept = (tmp_path / f"{address}.json").read_bytes()
    served = {"document": json.loads(offer.document), "open": True, "reason": ""}
    with web({f"GET /offers/{offer.id}": (200, served), "POST /graphql": answer}) as site:
        named = ["open", f"{site.url}/offers/{offer.id}", "--deposit", "20", "--key", "-", "--yes", "--json"]
        where = ["--node", f"{site.url}/graphql", "--state", str(tmp_path)]
        account = ["--account-key", str(tmp_path / "account.key")]
        done = CliRunner().invoke(app, [*named, *where, *account], input=BUYER.to_base58())
    assert (tmp_path / f"{address}.json").read_bytes() == kept
    assert json.loads(done.stdout)["error"]["type"] == kind


def test_a10_no_account_takes_the_place_of_one_on_another_network(tmp_path: Path) -> None:
    """What was signed while trying is no limit where money is at stake."""
    offer = make_paid_offer()
    assert offer.payment is not None
    tried = replace(offer.payment.terms, network="mina:mainnet")
    address = new_key(tmp_path / "account.key").public_key().to_base58()
    with page(tmp_path, address, tried, Known(5, 5)) as book:
        book.save()
    kept = (tmp_path / f"{address}.json").read_bytes()
    refused = pytest.raises(CliError, match="which is kept for one in MINA on mina:mainnet")
    with refused, opening(tmp_path, address, offer.payment.terms, MINA):
        pass
    assert (tmp_path / f"{address}.json").read_bytes() == kept


def test_a4_no_account_is_opened_on_another_network_than_the_offers(tmp_path: Path) -> None:
    """No service would take calls on it: the deposit would come back after the exit delay only."""
    offer = make_paid_offer()
    served = {"document": json.loads(offer.document), "open": True, "reason": ""}
    node = (200, {"data": {**NODE, "networkID": "mina:mainnet"}})
    with web({f"GET /offers/{offer.id}": (200, served), "POST /graphql": node}) as site:
        named = ["open", f"{site.url}/offers/{offer.id}", "--deposit", "20", "--key", "-", "--json"]
        where = ["--node", f"{site.url}/graphql", "--state", str(tmp_path)]
        account = ["--account-key", str(tmp_path / "account.key")]
        done = CliRunner().invoke(app, [*named, *where, *account], input=BUYER.to_base58())
    error = json.loads(done.stdout)["error"]
    assert (error["type"], list(tmp_path.iterdir())) == ("node-unavailable", [])
    assert "expected networkID mina:devnet, got mina:mainnet" in error["detail"]
