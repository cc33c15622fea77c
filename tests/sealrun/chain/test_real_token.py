"""A14 and A15 end to end: a price in a token, bought, settled and left on the local chain."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from local.chain import MinaChain
from local.prover import Prover
from local.token import FungibleToken
from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.adapters.mina.node import MinaNodes
from sealrun.chain.account import account_fields
from sealrun.errors import AccountRefused
from sealrun.money import x402
from sealrun.workflows.check_health import check_health
from sealrun.workflows.publish_offer import UNSEEN_PRICES
from sealrun.workflows.read_account import read_account
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tokens import tokens_of
from sealrun_cli.main import app
from tests.cli.web import web
from tests.outgoing import HttpxClient
from tests.sealrun.chain.test_real_chain import FUNDS, pinned, tool
from tests.sealrun.market import SERVICE, Market, body_of, payment_of
from tests.sealrun.world import BUYER, OPERATOR, PRICE, SELLER, in_mina, make_paid_offer

pytestmark = pytest.mark.peers
ACCOUNT_KEY, OWNER, ADMIN = (PrivateKey.from_scalar(number) for number in (7001, 7002, 7003))
ACCOUNT = ACCOUNT_KEY.public_key()
HELD = 1_000
COST = 150  # 1.5 RUN


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinaChain]:
    folder = tmp_path_factory.mktemp("token-chain")
    with (
        MinaChain(folder, proofs=False) as chain,
        Prover(folder / "prover.log") as prover,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("SEALRUN_PROVER", str(prover.socket))
        for key in (BUYER, SELLER, OPERATOR):
            chain.faucet(key.public_key().to_base58(), FUNDS)
        yield chain


@pytest.fixture(scope="module")
def token(chain: MinaChain) -> FungibleToken:
    made = FungibleToken(chain, SELLER, OWNER, ADMIN, decimals=2)
    made.deploy({BUYER.public_key(): HELD})
    return made


@pytest.fixture(scope="module")
def market(chain: MinaChain, token: FungibleToken) -> Iterator[Market]:
    """An offer of 5 MINA or 1.5 RUN, as it is stored before anything was looked at."""
    made = Market(make_paid_offer(prices=[*in_mina(PRICE), token.price(COST)]), pinned=pinned())
    made.clock.now = int(time.time())
    made.ledger.suspend_offer(made.offer.hash, UNSEEN_PRICES)
    with HttpxClient(timeout=60, trust_env=False) as client:
        made.chain = MinaNodes(client, urls=[chain.graphql], clock=made.clock)
        yield made


def command(*named: str, key: PrivateKey = BUYER) -> dict[str, Any]:
    """A command's JSON result; the key goes to stdin."""
    done = CliRunner().invoke(app, [*named, "--key", "-", "--no-proofs", "--json"], input=key.to_base58())
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def health(market: Market) -> str:
    found = check_health(
        ledger=market.ledger,
        open_provider=market._open_provider,
        payments=market.payments,
        clock=market.clock,
    )
    return found[market.offer.id].suspended


def pay(market: Market, token: FungibleToken, limit: int, nonce: int) -> Any:
    assert market.offer.payment is not None
    _, terms = market.offer.payment.priced_in(token.id)
    signed = market.sign(
        limit=limit, nonce=nonce, account=ACCOUNT, terms_hash=terms.hash, asset=terms.asset.token
    )
    entries = x402.accepts(market.offer, market.payments.seller)
    [accepted] = [each for each in entries if each["asset"] == token.id]
    body = {**body_of(signed), "asset": token.id}
    return market.send(body, x402.encoded(payment_of(signed, market.offer, accepted=accepted))).record


def units(chain: MinaChain, token: FungibleToken, key: Any) -> int:
    query = f'{{account(publicKey:"{key.to_base58()}",token:"{token.id}"){{balance{{total}}}}}}'
    with httpx.Client(timeout=60, trust_env=False) as client:
        data = client.post(chain.graphql, json={"query": query}).json()["data"]
    return int(data["account"]["balance"]["total"])


def opened_by(market: Market, folder: Path, *named: str) -> dict[str, Any]:
    """``sealrun open`` in the token, of an offer that a service shows."""
    key = folder / "account.key"
    key.write_text(ACCOUNT_KEY.to_base58())
    key.chmod(0o600)
    view = {"open": True, "document": json.loads(market.offer.document)}
    with web({f"GET /offers/{market.offer.id}": (200, view)}) as site:
        offer = ["open", f"{site.url}/offers/{market.offer.id}", "--account-key", str(key)]
        return command(*offer, "--deposit", "2", "--asset", "RUN", "--yes", *named)


def owed(market: Market) -> dict[str, Any]:
    """What the seller reads, as the settling tool takes it."""
    until = market.clock.now + 60
    signature = sign_fields(SELLER, account_fields("mina:devnet", ACCOUNT, until, service=SERVICE))
    right = {"key": SELLER.public_key().to_base58(), "expires_at": str(until)}
    found = read_account(
        ACCOUNT.to_base58(),
        {**right, "signature": signature.to_base58()},
        service=SERVICE,
        ledger=market.ledger,
        oracle=lambda _: market.oracle,
        now=market.clock.now,
    )
    assert (found["decimals"], found["symbol"]) == (2, "RUN")
    return {name: found[name] for name in ("account", "terms", "voucher", "due")}


def test_a15_a_price_in_a_token_from_publishing_to_leaving(
    chain: MinaChain, token: FungibleToken, market: Market, tmp_path: Path
) -> None:
    named = ["--node", chain.graphql, "--poll-ms", "50"]
    state = ["--state", str(tmp_path / "state")]
    with httpx.Client(timeout=60, trust_env=False) as client:
        (seen,) = tokens_of(market.offer, Service(client), chain.graphql)
    assert (str(seen.circulating), seen.view.admin) == ("10 RUN", ADMIN.public_key())
    assert "can mint more, and pause the token" in seen.lines[2]
    assert seen.missing == (SELLER.public_key(), OPERATOR.public_key())

    # Nobody is paid in the token yet, so only calls in MINA could be taken.
    addresses = [key.to_base58() for key in seen.missing]
    receive = {"asset": token.id, "addresses": addresses}
    opened = tool("receive", node=chain.graphql, payer_key=SELLER.to_base58(), **receive)
    assert opened["opened"] == addresses
    assert health(market) == ""

    # A buyer opens an account in the token, and puts more into it.
    done = opened_by(market, tmp_path, *named, *state)
    assert {name: done[name] for name in ("deposit", "asset", "decimals", "symbol")} == {
        "deposit": "200",
        "asset": token.id,
        "decimals": 2,
        "symbol": "RUN",
    }
    account = ACCOUNT.to_base58()
    done = command("topup", account, "--amount", "1.5", *named, *state, "--yes")
    assert (done["balance"], done["symbol"]) == ("350", "RUN")
    assert units(chain, token, BUYER.public_key()) == HELD - 350

    # Calls are paid in it; while the admin pauses it, they are refused and nothing is reserved.
    market.clock.now = int(time.time()) + 60
    record = pay(market, token, COST, 1)
    assert (record.price, record.asset) == (COST, token.id)
    assert market.settle(record.call_hash).receipt is not None
    token.pause()
    market.clock.passes(61)
    with pytest.raises(AccountRefused, match="token: expected one that moves, got RUN, which is paused"):
        pay(market, token, 2 * COST, 2)
    token.pause(paused=False)
    market.clock.passes(61)

    # The seller collects, the operator gets its share, and the buyer leaves with the rest.
    sent = owed(market)
    settled = tool("settle", node=chain.graphql, payer_key=SELLER.to_base58(), **sent)
    assert (settled["status"], settled["settled"]) == ("included", str(COST))
    share = COST * 250 // 10_000
    assert units(chain, token, SELLER.public_key()) == COST - share
    paid = command("pay-operator", account, "--yes", *named, *state)
    assert (paid["amount"], paid["symbol"]) == (str(share), "RUN")
    assert units(chain, token, OPERATOR.public_key()) == share

    left = command("exit", account, "--yes", *named, *state)
    chain.pass_slots(left["exit_slot"])
    out = command("withdraw", account, "--yes", *named, *state)
    assert (out["amount"], out["asset"]) == (str(350 - COST), token.id)
    assert units(chain, token, BUYER.public_key()) == HELD - COST
    assert units(chain, token, OWNER.public_key()) == HELD
