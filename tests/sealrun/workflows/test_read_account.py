"""Who may know what of an account (A6), and that a buyer can check the figure (A8)."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from moto import mock_aws

from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.chain.account import account_fields
from sealrun.errors import Expired, Malformed, NotAllowed, NotFound, Refused, Unavailable
from sealrun.money.buyer import sign_account_read
from sealrun.money.dues import Due, DueLeaf, root_from_path
from sealrun.offers.asset import MINA
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.receipt import SignedReceipt
from sealrun.runs.run import RunStatus
from sealrun.workflows.read_account import read_account
from sealrun.workflows.read_receipt import read_evidence
from tests.ports.stores import dynamo
from tests.sealrun.fake_chain import DEPOSIT, TERMS, account_answer
from tests.sealrun.fakes import FakeOracle
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import ACCOUNT, BUYER, OPERATOR, ORACLE, PRICE, SELLER, make_paid_offer, terms_value

NAME = ACCOUNT.public_key().to_base58()
STRANGER = PrivateKey.from_scalar(66)


@pytest.fixture
def market() -> Market:
    """One good run, one failed one, one that still runs."""
    made = Market()
    made.bought(limit=PRICE, nonce=1)
    made.provider.ends_as = RunStatus.FAILED
    made.bought(limit=2 * PRICE, nonce=2)
    made.provider.duration = 10**6
    made.pay(made.sign(limit=3 * PRICE, nonce=3))
    return made


def right(
    market: Market, who: PrivateKey, *, seconds: int = 60, service: str = SERVICE, **changes: str
) -> dict[str, str]:
    until = market.clock.now + seconds
    signature = sign_fields(who, account_fields("mina:devnet", ACCOUNT.public_key(), until, service=service))
    value = {
        "key": who.public_key().to_base58(),
        "expires_at": str(until),
        "signature": signature.to_base58(),
    }
    return {**value, **changes}


def asked(
    market: Market, who: PrivateKey, *, call: str = "", after: str | None = None, **changes: Any
) -> dict[str, Any]:
    return read_account(
        NAME,
        right(market, who, **changes),
        service=SERVICE,
        ledger=market.ledger,
        oracle=lambda _: market.oracle,
        now=market.clock.now,
        call_id=call,
        after=after,
    )


def holds(signature: str, key: PublicKey, fields: list[int]) -> bool:
    return verify_fields(Signature.from_base58(signature), key, fields)


@pytest.mark.parametrize("who", [SELLER, OPERATOR])
def test_a6_seller_and_operator_get_all_that_a_settlement_needs(market: Market, who: PrivateKey) -> None:
    found = asked(market, who)
    signed_due, voucher = found["due"], found["voucher"]
    amount, tree_root, count = int(signed_due["due"]), int(signed_due["tree_root"]), signed_due["count"]
    due = Due("mina:devnet", ACCOUNT.public_key(), MINA, amount, tree_root, count)
    assert (amount, count, found["pending"]) == (PRICE, 2, str(PRICE))
    assert found["root"] == str(due.root)
    assert holds(signed_due["signature"], ORACLE.public_key(), due.due_fields())
    assert voucher["limit"] == str(3 * PRICE)
    signed = market.sign(limit=3 * PRICE, nonce=3).call.voucher_fields(3 * PRICE)
    signed[-1] = int(voucher["call_hash"])
    assert holds(voucher["signature"], BUYER.public_key(), signed)
    assert (found["account"], found["terms"]) == (NAME, terms_value())


def test_a6_the_buyer_gets_the_figure_under_another_tag_and_no_due(market: Market) -> None:
    found = asked(market, BUYER)
    figure = found["figure"]
    due = Due("mina:devnet", ACCOUNT.public_key(), MINA, PRICE, int(figure["tree_root"]), figure["count"])
    assert figure["due"] == str(PRICE)
    assert holds(figure["signature"], ORACLE.public_key(), due.figure_fields())
    assert not holds(figure["signature"], ORACLE.public_key(), due.due_fields())
    assert "due" not in found
    assert found["voucher"]["limit"] == str(3 * PRICE)


def test_a6_nothing_that_a_contract_takes_stands_in_receipts_or_goes_to_anyone_else(market: Market) -> None:
    asked(market, BUYER)
    said = market.ledger.standing(NAME)
    due = Due("mina:devnet", ACCOUNT.public_key(), MINA, said.due, said.tree.root, said.tree.count)
    assert due.due_fields() not in market.oracle.signed
    asked(market, SELLER)
    assert due.due_fields() in market.oracle.signed


def test_a8_a_buyer_checks_that_each_receipt_is_in_the_figure(market: Market) -> None:
    for record in market.ledger.records.values():
        if not record.state.over:
            continue
        found = asked(market, BUYER, call=record.id)
        proof = found["proof"]
        leaf = DueLeaf.parse(proof["leaf"])
        siblings = [int(sibling) for sibling in proof["siblings"]]
        assert str(root_from_path(leaf, siblings)) == found["figure"]["tree_root"]
        receipt = SignedReceipt.parse(record.receipt).receipt
        assert (leaf.call_hash, leaf.receipt_hash) == (record.call_hash, receipt.hash)
        assert leaf.price_due == (PRICE if receipt.status == 1 else 0)


def test_l14_a_proof_on_an_account_of_any_number_of_calls_reads_one_leaf_a_level(
    market: Market,
) -> None:
    ledger, standing = market.ledger, market.ledger.standing(NAME)
    tree = standing.tree
    for nonce in range(100, 300):
        tree, leaf = tree.add(call_hash=nonce, receipt_hash=nonce, price_due=PRICE)
        ledger.tree_leaves[NAME].append(leaf)
    ledger.standings[NAME] = replace(standing, tree=tree)
    proof = asked(market, BUYER, call=f"{123:064x}")["proof"]
    leaf = DueLeaf.parse(proof["leaf"])
    assert root_from_path(leaf, [int(sibling) for sibling in proof["siblings"]]) == tree.root
    assert 0 < len(ledger.leaves_read) <= 8  # 202 leaves are a tree of eight levels


def test_a_ledger_that_lost_a_leaf_is_unavailable(market: Market) -> None:
    call = market.ledger.tree_leaves[NAME][0].call_hash
    del market.ledger.tree_leaves[NAME][1]
    with pytest.raises(Unavailable, match="every leaf of its tree"):
        asked(market, BUYER, call=f"{call:064x}")


def test_a8_a_call_that_still_runs_is_in_no_figure(market: Market) -> None:
    [running] = [record for record in market.ledger.records.values() if not record.state.over]
    for call in (running.id, f"{5:064x}"):
        with pytest.raises(NotFound, match="one of this account that is over"):
            asked(market, BUYER, call=call)
    with pytest.raises(Malformed, match="call: expected 64"):
        asked(market, BUYER, call="5")


def test_a6_a_stranger_learns_nothing_not_even_whether_there_is_an_account(market: Market) -> None:
    said = "expected one of the signer's with calls here"
    with pytest.raises(NotAllowed, match=said):
        asked(market, STRANGER)
    with pytest.raises(NotAllowed, match=said):
        asked(market, STRANGER, key=SELLER.public_key().to_base58())
    with pytest.raises(NotAllowed, match=said):
        read_account(
            STRANGER.public_key().to_base58(),
            right(market, STRANGER),
            service=SERVICE,
            ledger=market.ledger,
            oracle=lambda _: market.oracle,
            now=market.clock.now,
        )


@pytest.mark.parametrize("changes", [{}, {"signature": "7mX"}, {"expires_at": "1"}, {"key": "B62"}])
def test_a6_a_right_that_is_none_is_refused_alike_whether_there_is_an_account_or_not(
    market: Market, changes: dict[str, str]
) -> None:
    given = {**right(market, STRANGER), **changes} if changes else {}
    said = []
    for address in (NAME, STRANGER.public_key().to_base58()):
        with pytest.raises(Refused) as refused:
            read_account(
                address,
                given,
                service=SERVICE,
                ledger=market.ledger,
                oracle=lambda _: market.oracle,
                now=market.clock.now,
            )
        said.append(refused.value.detail)
    assert said[0] == said[1]


def test_a_page_that_is_none_is_refused_however_the_account_is_settled(market: Market) -> None:
    with pytest.raises(Malformed, match="after: expected"):
        asked(market, BUYER, after="x")


def test_a6_a_right_to_read_ends_after_an_hour_at_most(market: Market) -> None:
    for seconds in (0, 3601):
        with pytest.raises(Expired, match="expires_at"):
            asked(market, SELLER, seconds=seconds)
    with pytest.raises(Malformed, match="signature: "):
        asked(market, SELLER, signature="7mX")
    with pytest.raises(Malformed, match="authorization: expected"):
        read_account(
            NAME,
            {},
            service=SERVICE,
            ledger=market.ledger,
            oracle=lambda _: market.oracle,
            now=market.clock.now,
        )


@pytest.mark.parametrize("share", [250, 251])
def test_a3_a_stack_settles_an_account_of_its_terms_whose_first_call_another_one_took(share: int) -> None:
    with mock_aws():
        table = dynamo()
        market = Market(ledger=table)
        market.bought(limit=PRICE)
        other = make_paid_offer(title="Sold by another stack", terms=terms_value(operator_share=share))
        table.publish(StoredOffer(other, "", b"", b"", b""))
        market.ledger = DynamoLedger(table._table._client, table="calls", serves=(other.hash,))
        if other.terms == market.offer.terms:
            assert asked(market, SELLER)["due"]["due"] == str(PRICE)
        else:
            with pytest.raises(Unavailable, match="expected one of an offer in this ledger"):
                asked(market, BUYER)


def test_calls_of_an_offer_of_an_older_version_say_where_they_are_settled_and_shown(market: Market) -> None:
    call = next(each for each in market.ledger.records.values() if each.receipt)
    del market.ledger.offers[market.offer.hash]
    with pytest.raises(Unavailable, match=r"older sealrun .* the version that took its calls settles it"):
        asked(market, BUYER)
    parts: dict[str, Any] = {"ledger": market.ledger, "store": market.store, "now": market.clock.now}
    with pytest.raises(NotFound, match=r"older sealrun .* the version that took the call shows what it left"):
        read_evidence(call.id, {}, service=SERVICE, **parts)


def test_a6_no_stranger_learns_that_an_account_of_an_older_version_is_here(market: Market) -> None:
    del market.ledger.offers[market.offer.hash]
    of_buyer = right(market, BUYER)
    forged = {**of_buyer, "signature": right(market, STRANGER)["signature"]}
    elsewhere = right(market, BUYER, service="https://other.test")
    refusals = set[str]()
    for name, sent in [
        (NAME, right(market, STRANGER)),
        (NAME, right(market, SELLER)),
        (NAME, forged),
        (NAME, elsewhere),
        (STRANGER.public_key().to_base58(), right(market, STRANGER)),
    ]:
        parts: dict[str, Any] = {"ledger": market.ledger, "oracle": lambda _: market.oracle}
        with pytest.raises(NotAllowed, match="one of an older sealrun is settled by") as refused:
            read_account(name, sent, service=SERVICE, now=market.clock.now, **parts)
        refusals.add(refused.value.detail)
    assert len(refusals) == 1, "an account that is here is refused as one that is not"


def test_a9_another_oracles_key_signs_no_due(market: Market) -> None:
    market.oracle = FakeOracle(STRANGER)
    with pytest.raises(Unavailable, match="the key of the terms"):
        asked(market, SELLER)


def test_a1_after_a_settlement_the_account_is_known_by_what_was_signed(market: Market) -> None:
    found = asked(market, SELLER)
    market.chain.answer = account_answer(
        balance=DEPOSIT - PRICE + TERMS.operator_part(PRICE),
        spent=PRICE,
        accrued=TERMS.operator_part(PRICE),
        root=int(found["root"]),
        count=2,
    )
    market.clock.passes(60)
    assert market.pay(market.sign(limit=4 * PRICE, nonce=4)).first


def test_c1_a_right_that_was_signed_for_another_service_opens_no_account(market: Market) -> None:
    """The second operator could else show the buyer's request here, and read what is the buyer's own."""
    for elsewhere in ("https://calls.test:8443", "http://calls.test", "https://calls.test.example"):
        for who in (BUYER, SELLER, OPERATOR):
            with pytest.raises(NotAllowed):
                asked(market, who, service=elsewhere)
    assert asked(market, BUYER, service="HTTPS://Calls.test.:443/accounts/x?call=")["figure"]


def test_the_handler_answers_a_signed_request(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("account", market, monkeypatch, open_oracle=lambda _: market.oracle)
    gateway = Gateway(module)
    until = market.clock.now + 60
    headers = sign_account_read(BUYER, "mina:devnet", ACCOUNT.public_key(), expires_at=until, service=SERVICE)
    call = next(record.id for record in market.ledger.records.values() if record.state.over)
    url = f"https://calls.test/accounts/{NAME}"
    found = gateway.answer(httpx.Request("GET", url, params={"call": call}, headers=headers))
    assert (found.status_code, found.json()["figure"]["due"]) == (200, str(PRICE))
    assert len(found.json()["proof"]["siblings"]) == 20
    assert gateway.answer(httpx.Request("GET", url)).status_code == 400
