"""A whole sale for money over real parts, by the ``sealrun`` command; the chain counts proofs as valid."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from x402.mcp import x402MCPClient

from local.chain import MinaChain
from local.market import Market, in_mina
from local.people import People, client_environment
from local.prover import Prover
from local.sale import LEDGER, PAYMENT, PRICE, Sale
from local.stack import Stack
from local.steps import DemoFailed, Progress
from mina.keys import PublicKey
from mina.sign import sign_fields
from sealrun.calls.call import Call
from sealrun.money.buyer_mechanism import Known, MinaBatchSettlement
from sealrun.offers.asset import FEES
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.service.tools import tool_name
from sealrun.workflows.reserve_price import REFUSAL_SECONDS
from tests.sealrun.adapters.mcp.test_x402_package import Session
from tests.sealrun.money.test_x402_package import client as payer
from tests.spine.conftest import PROPERTIES, repository
from tests.spine.test_mcp import read, wait

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def sale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sale]:
    folder = tmp_path_factory.mktemp("sale")
    people = People.make(folder / "keys")
    with (
        MinaChain(folder / "chain", proofs=False) as chain,
        Prover(folder / "prover.log") as prover,
        Stack(folder / "stack", with_gitlab=True, environment=chain.environment(LEDGER)) as stack,
    ):
        people.fund(chain)
        assert stack.gitlab is not None
        offer = published(Market(stack, stack.gitlab, people.oracle), people, folder / "seller")
        yield Sale(Progress(9), chain, people, stack.url, offer, folder, prover)


def published(market: Market[Any], people: People, folder: Path) -> Offer:
    """A paid offer of the pipeline that greets."""
    commit = repository(folder)
    paid = {"prices": in_mina(PRICE), "terms": people.terms(LEDGER), "payment": PAYMENT}
    offer, token = market.offer_pipeline(
        "seller/greetings", folder, tag="v1", commit=commit, properties=PROPERTIES, **paid
    )
    market.publish(offer, token.value)
    return offer


def said(_line: str) -> None:
    """Nobody listens."""


def settle_command(sale: Sale, key: str) -> list[str]:
    named = [sale.account, "--url", sale.url, "--key", sale.people.file(key), "--node", sale.chain.graphql]
    return [
        sys.executable,
        "-m",
        "sealrun_cli.main",
        "settle",
        *named,
        "--yes",
        "--poll-ms",
        "100",
        "--no-proofs",
    ]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, "--json"], check=False, capture_output=True, text=True, timeout=120)


def test_a_desktop_agent_pays_for_a_run_within_its_caps_and_for_no_second_one(
    sale: Sale, tmp_path: Path
) -> None:
    sale.open()
    wallet = ["--key", sale.people.file("buyer"), "--account", sale.account, "--state", str(tmp_path)]
    caps = ["--per-call", "5", "--per-day", "5", "--service", sale.url]
    node = {**os.environ, "SEALRUN_MINA_NODE": sale.chain.graphql}
    arguments = ["-m", "sealrun_cli.main", "mcp", *wallet, *caps]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=node)

    async def buy() -> tuple[Any, ...]:
        async with Client(server) as client:
            order = {"offer": sale.offer_url, "inputs": {"greeting": "agent"}, "order": "first"}
            taken = await client.call_tool("call_offer", order)
            assert not taken.is_error, taken
            call = {"call": taken.structured_content["call"]}
            again = await client.call_tool("call_offer", order)
            more = await client.call_tool("call_offer", {**order, "order": "second"})
            standing = await client.call_tool("call_status", {**call, "wait_seconds": 50})
            receipt = await client.call_tool("get_receipt", call)
            return call, again, more, standing.structured_content, receipt.structured_content

    call, again, more, standing, receipt = anyio.run(buy)
    assert again.structured_content["call"] == call["call"]
    assert more.is_error
    assert "sealrun call" in str(more.content)
    assert standing["state"] == "succeeded"
    assert receipt["holds"]
    assert receipt["counts"]["broken"] == 0


def test_an_agent_that_signs_for_itself_pays_over_http_by_x402s_own_client(sale: Sale) -> None:
    sale.open()
    call = call_of(sale, greeting="socket")
    made = MinaBatchSettlement(
        call,
        sale.offer,
        buyer=sale.people.buyer.public_key(),
        sign=lambda fields: sign_fields(sale.people.buyer, fields),
        known=Known(0, 0),
    )
    body = made.body()
    inputs = body.pop("inputs")

    async def buy() -> tuple[Any, SignedReceipt]:
        async with Client(f"{sale.url}/mcp") as client:
            paying = x402MCPClient(Session(client, body), payer(made))
            taken = await paying.call_tool(tool_name(sale.offer.id), inputs)
            place, receipt = (each["uri"] for each in taken.content[1:3])
            await wait(client, place)
            return taken, SignedReceipt.parse(await read(client, receipt))

    taken, signed = anyio.run(buy)
    assert taken.payment_made
    assert taken.payment_response.extra["status"] == "reserved"
    assert signed.holds()
    assert (signed.receipt.status, signed.receipt.call_hash) == (Outcome.SUCCEEDED, call.hash)


def call_of(sale: Sale, **inputs: str) -> Call:
    """A fresh call of the sale's offer on its account."""
    payment, account = sale.offer.payment, PublicKey.from_base58(sale.account)
    assert payment is not None
    return Call(
        sale.offer.network,
        account,
        sale.offer.hash,
        payment.terms.hash,
        payment.terms.asset.token,
        inputs,
        secrets.token_hex(32),
        secrets.randbits(128),
        int(time.time()) + 600,
    )


def test_a_sale_from_opening_to_withdrawal_and_every_nanomina_is_where_it_should_be(sale: Sale) -> None:
    sale.open()
    good = sale.buy("greeting=hello")
    bad = sale.buy("greeting=fail")
    ended = sale.follow(good, bad, states=("succeeded", "failed"))

    buyers = run(settle_command(sale, "buyer"))
    assert (buyers.returncode, error(buyers)["type"]) == (1, "not-allowed")
    stranger = run(settle_command(sale, "oracle"))
    assert (stranger.returncode, error(stranger)["type"]) == (1, "not-allowed")

    sale.settle(PRICE, ended[1])
    sale.leave()
    sale.check_balances(PRICE)
    with pytest.raises(DemoFailed, match=r"balance of account, left: expected 0 MINA, got 0\.125 MINA"):
        sale.balances.check("left", "account", 0)


def test_a6_settling_in_parallel_pays_once(sale: Sale) -> None:
    """By seller and operator at once: one transaction settles, the other finds it settled."""
    sale.open()
    first = sale.buy("greeting=hello")
    sale.follow(first, states=("succeeded",))
    before = sale.chain.balance(sale.people.seller.public_key().to_base58())
    commands = [settle_command(sale, who) for who in ("seller", "operator")]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([*command, "--json"], **pipes) for command in commands]
    results = [json.loads(process.communicate(timeout=180)[0]) for process in both]
    assert sorted(result["status"] for result in results) == ["already-settled", "included"]
    price = PRICE - PRICE * 250 // 10_000
    after = sale.chain.balance(sale.people.seller.public_key().to_base58())
    # A transaction that lost the race may stand in a block as failed, and has paid its fee then.
    fees = (FEES.scale // 10,) if results[0]["status"] == "included" else (0, FEES.scale // 10)
    assert after - before in [price - fee for fee in fees]


def test_the_operators_share_is_paid_once_by_anyone(sale: Sale) -> None:
    operator = sale.people.operator.public_key().to_base58()
    before = sale.chain.balance(operator)
    named = [sale.account, "--key", sale.people.file("buyer"), "--poll-ms", "100", "--no-proofs"]
    paid = sale.run(said, "pay-operator", *named, "--yes")
    assert (paid["status"], paid["amount"]) == ("included", str(PRICE * 250 // 10_000))
    assert sale.chain.balance(operator) - before == int(paid["amount"])
    assert sale.run(said, "pay-operator", *named)["status"] == "already-paid"


def test_a10_a_client_that_lost_its_memory_starts_from_what_the_chain_settled(
    sale: Sale, tmp_path: Path
) -> None:
    command = [
        "call",
        sale.offer_url,
        "--input",
        "greeting=hello",
        "--pay",
        "--yes",
        "--account",
        sale.account,
    ]
    environment = {**client_environment(sale.chain, sale.folder), "SEALRUN_STATE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "sealrun_cli.main", *command, "--key", sale.people.file("buyer"), "--json"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "succeeded"), done.stderr
    assert json.loads((tmp_path / f"{sale.account}.json").read_text())["highest"] == str(2 * PRICE)


def test_a1_a_buyer_whose_account_does_not_cover_a_call_tops_it_up_and_is_served(sale: Sale) -> None:
    key = sale.people.folder / "small.key"
    paying = ["--key", sale.people.file("buyer"), "--poll-ms", "100", "--no-proofs"]
    small = sale.run(
        said, "open", sale.offer_url, "--deposit", "1", "--account-key", str(key), "--yes", *paying
    )
    sale.balances.account = small["account"]
    wanted = ["--input", "greeting=hello", "--pay", "--yes", "--account", sale.account, "--no-wait"]
    call = ["call", sale.offer_url, *wanted, "--key", sale.people.file("buyer")]
    refused = sale.run(said, *call, status=1)["error"]
    assert refused["type"] == "payment-required"
    assert "sealrun topup" in refused["next"]

    # The seller pays, to show that anybody may.
    seller = ["--key", sale.people.file("seller"), "--poll-ms", "100", "--no-proofs"]
    added = sale.run(said, "topup", sale.account, "--amount", "4", "--yes", *seller)
    assert (added["status"], added["balance"]) == ("included", str(PRICE))
    assert sale.chain.balance(sale.account) == PRICE
    time.sleep(REFUSAL_SECONDS)
    sale.follow(sale.run(said, *call), states=("succeeded",))


def error(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return dict(json.loads(done.stdout)["error"])
