"""``sealrun account`` checks what it shows."""

from typing import Any

import httpx
import pytest

from sealrun.errors import Malformed
from sealrun.money.buyer import sign_account_read
from sealrun.offers.asset import MINA
from sealrun.offers.terms import Terms
from sealrun.workflows.read_account import read_account
from sealrun_cli.commands.account import _call_line, _chain_lines, _check_proof, _check_terms, _operator_lines
from sealrun_cli.lib import accounts
from sealrun_cli.lib.chain_view import OnChain, on_chain
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import ACCOUNT, BUYER, PRICE


@pytest.mark.parametrize("url", ["http://example.org/offers/1", "ftp://127.0.0.1/", "http://127.0.0.1.test/"])
def test_only_https_and_this_machine_are_asked(url: str) -> None:
    with httpx.Client() as http, pytest.raises(CliError, match="expected https://"):
        Service(http).get(url)


@pytest.fixture
def shown() -> dict[str, Any]:
    """What the operator shows to the buyer of one good call, with the call's proof."""
    market = Market()
    record = market.bought(limit=PRICE, nonce=1)
    until = market.clock.now + 60
    signed = sign_account_read(BUYER, "mina:devnet", ACCOUNT.public_key(), expires_at=until, service=SERVICE)
    names = {"key": "Sealrun-Key", "expires_at": "Sealrun-Expires-At", "signature": "Sealrun-Signature"}
    found = read_account(
        ACCOUNT.public_key().to_base58(),
        {name: signed[header] for name, header in names.items()},
        service=SERVICE,
        ledger=market.ledger,
        oracle=lambda _: market.oracle,
        now=market.clock.now,
        call_id=record.id,
    )
    return {**found, "call": record.id}


def test_a8_the_figure_and_the_proof_of_a_call_in_it_hold(shown: dict[str, Any]) -> None:
    assert "due 5 MINA, pending 0 MINA; 1 receipts" in _operator_lines(shown)[0]
    assert _check_proof(shown, shown["call"]) == "  call      receipt 0 of the figure, 5 MINA"


@pytest.mark.parametrize("name", ["due", "count", "root", "tree_root"])
def test_a8_a_figure_that_the_oracle_did_not_sign_is_refused(shown: dict[str, Any], name: str) -> None:
    figure = {**shown["figure"], name: type(shown["figure"][name])(int(shown["figure"][name]) + 1)}
    with pytest.raises(CliError, match="figure: expected the oracle's signature"):
        _operator_lines({**shown, "figure": figure})


def test_a8_another_price_or_call_is_not_under_the_root(shown: dict[str, Any]) -> None:
    leaf = {**shown["proof"]["leaf"], "price_due": "0"}
    for proof, call in (({**shown["proof"], "leaf": leaf}, shown["call"]), (shown["proof"], "0" * 64)):
        with pytest.raises(CliError, match="proof: expected one of this call"):
            _check_proof({**shown, "proof": proof}, call)


def test_c1_a_figure_under_terms_that_are_not_the_accounts_is_refused(shown: dict[str, Any]) -> None:
    terms = Terms.parse(shown["terms"])
    _check_terms(shown, terms.hash)
    for other in (terms.hash + 1, 0):
        with pytest.raises(CliError, match="terms: expected the account's"):
            _check_terms(shown, other)
    assert "nothing here shows that the account names this oracle" in _operator_lines(shown, tied=False)[1]


def test_c1_an_answer_about_another_account_is_refused() -> None:
    account, other = (key.public_key().to_base58() for key in (ACCOUNT, BUYER))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"account": other, "due": {}}))
    with httpx.Client(transport=transport) as http, pytest.raises(CliError, match=f"got {other}"):
        accounts.read_account(Service(http), "https://calls.test", account, BUYER, "mina:devnet")


def listed(pages: list[dict[str, Any]], most: int = 1000) -> list[dict[str, Any]]:
    """What the command makes of these pages; they must be asked for in turn."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=pages[len(asked) - 1])

    account = ACCOUNT.public_key().to_base58()
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        found = accounts.read_calls(
            Service(http), "https://calls.test", account, BUYER, "mina:devnet", most=most
        )
    assert {each.url.path for each in asked} == {f"/accounts/{account}/calls"}
    assert [each.url.params.get("after") for each in asked[1:]] == [each["next"] for each in pages[:-1]]
    return found


def test_an_accounts_calls_are_read_page_after_page_and_shown_one_a_line() -> None:
    account = ACCOUNT.public_key().to_base58()
    call: dict[str, Any] = {
        "call": "ab" * 32,
        "title": "A\x1b[2Jjob",
        "state": "running",
        "claimed_at": 1_800_000_000,
    }
    call |= {"asset": MINA.id, "decimals": 9, "symbol": "MINA"}
    calls = [{**call, "price": str(PRICE)}, {**call, "call": "cd" * 32, "price": "0"}]
    pages: list[dict[str, Any]] = [
        {"account": account, "calls": [each], "next": after} for each, after in zip(calls, "xy", strict=True)
    ]
    pages[-1]["next"] = None
    assert listed(pages) == calls
    assert listed(pages[:1], most=1) == calls[:1]
    assert _call_line(calls[0]) == f"{'ab' * 32}  2027-01-15 08:00 UTC      5 MINA  running  A\x1b[2Jjob"


@pytest.mark.parametrize(
    "changes", [{"account": "B62other"}, {"calls": {}}, {"calls": [1]}, {"calls": [{}]}, {"next": 1}]
)
def test_c1_l14_a_list_of_another_account_or_of_no_form_is_refused(changes: dict[str, Any]) -> None:
    page = {"account": ACCOUNT.public_key().to_base58(), "calls": [], "next": None, **changes}
    with pytest.raises((CliError, Malformed), match="expected"):
        listed([page])


NEWEST = {"blockchainState": {"utcDate": "1796044757000"}, "consensusState": {"slotSinceGenesis": "1000"}}


@pytest.mark.parametrize(
    ("exit_slot", "chain", "line"),
    [
        (1080, [{"protocolState": NEWEST}], "withdraw from slot 1080 (about 2026-11-30 17:19 UTC) on"),
        (900, [{"protocolState": NEWEST}], "withdraw from slot 900 (about 2026-11-30 08:19 UTC) on"),
        (1080, None, "withdraw from slot 1080 on"),
        (1080, [], "withdraw from slot 1080 on"),
        (1080, [{"protocolState": {}}], "withdraw from slot 1080 on"),
        (0, [{"protocolState": NEWEST}], "  open; 0 receipts"),
    ],
)
def test_the_slot_to_leave_at_is_shown_with_its_date(exit_slot: int, chain: Any, line: str) -> None:
    state = [str(each) for each in (1, 2, 0, 0, exit_slot, 0, 0, 0)]
    account = {"balance": {"total": "5"}, "zkappState": state}
    answer = {"data": {"account": account, "bestChain": chain}}
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))) as http:
        found = on_chain(Service(http), "https://mina.test/graphql", "B62")
    assert line in _chain_lines(found, now=0)[1]
    assert found.value()["exit_slot"] == exit_slot, "the raw figure stays in JSON"


@pytest.mark.parametrize(
    ("block_date", "line"),
    [
        (1_796_044_757, "as of the block of 2026-11-30 13:19 UTC"),
        (1_796_044_756, "as of the block of 2026-11-30 13:19 UTC: the node is behind, ask another one"),
        (0, "the node does not tell of which block this is: ask another one"),
    ],
)
def test_a13_an_account_is_shown_with_the_date_of_its_block(block_date: int, line: str) -> None:
    shown = OnChain(
        terms=1, balance=5, spent=0, exit_slot=0, accrued=0, root=0, count=0, block_date=block_date
    )
    assert _chain_lines(shown, now=1_796_044_757 + 8 * 180)[2].strip() == line
    assert shown.value()["block_date"] == block_date
