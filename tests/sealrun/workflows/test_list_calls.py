"""One signed right lists an account's calls and opens each of them, for its buyer only (C1, L5)."""

from typing import Any

import httpx
import pytest
from moto import mock_aws

from mina.keys import PrivateKey, PublicKey
from sealrun.adapters.memory.throttle import Throttle
from sealrun.errors import Expired, Malformed, NotAllowed, TooMany
from sealrun.money.buyer import sign_account_read, sign_calls_read
from sealrun.offers.stored_offer import StoredOffer
from sealrun.workflows.list_calls import LISTS_PER_MINUTE, PAGE_CALLS, list_calls
from sealrun.workflows.read_receipt import read_evidence
from tests.ports.stores import dynamo
from tests.sealrun.fakes import Remembers
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import (
    ACCOUNT,
    BUSY,
    BUYER,
    ORACLE,
    PRICE,
    SELLER,
    World,
    make_offer,
    make_paid_offer,
    sign_call,
)

NETWORK = "mina:devnet"
NAME = ACCOUNT.public_key().to_base58()
STRANGER = PrivateKey.from_scalar(66)


def named(headers: dict[str, str]) -> dict[str, str]:
    """As the handlers read them."""
    return {name.lower().removeprefix("sealrun-").replace("-", "_"): value for name, value in headers.items()}


def right(
    world: World,
    who: PrivateKey = BUYER,
    account: PublicKey | None = None,
    *,
    sign: Any = sign_calls_read,
    **changes: Any,
) -> dict[str, str]:
    until = world.clock.now + changes.pop("seconds", 60)
    where = {"service": SERVICE, **changes}
    headers: dict[str, str] = sign(who, NETWORK, account or ACCOUNT.public_key(), expires_at=until, **where)
    return headers


def asked(world: World, headers: dict[str, str], address: str = NAME, **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {"network": NETWORK, "service": SERVICE, "sender": "192.0.2.1"}
    parts |= {"ledger": world.ledger, "throttle": world.throttle, "now": world.clock.now}
    return list_calls(address, named(headers), **{**parts, **changes})


@pytest.fixture
def market() -> Market:
    """One run that is over, one that is not."""
    made = Market()
    made.bought(limit=PRICE, nonce=1)
    made.provider.duration = 10**6
    made.pay(made.sign(limit=2 * PRICE, nonce=2))
    return made


def test_calls_of_an_offer_of_an_older_version_are_listed_too(market: Market) -> None:
    stored = market.ledger.offers.pop(market.offer.hash)
    assert asked(market, right(market))["calls"] == [], "of another service that shares the ledger"
    market.ledger.older.append(stored.offer.hash)
    found = asked(market, right(market))["calls"]
    assert [(each["state"], each["price"], each["title"]) for each in found] == [
        ("running", str(PRICE), "An offer of an older sealrun"),
        ("succeeded", str(PRICE), "An offer of an older sealrun"),
    ]
    with pytest.raises(NotAllowed):
        asked(market, right(market, STRANGER))


def test_the_buyer_sees_the_accounts_calls_the_newest_first_and_no_private_part(market: Market) -> None:
    found = asked(market, right(market))
    assert (found["account"], found["next"]) == (NAME, None)
    assert [(each["state"], each["price"], each["title"]) for each in found["calls"]] == [
        ("running", str(PRICE), "Build the layers"),
        ("succeeded", str(PRICE), "Build the layers"),
    ]
    assert all(each["offer"] == market.offer.id for each in found["calls"])
    assert "inputs" not in str(found["calls"][0].keys())


def test_l5_the_same_right_opens_the_private_parts_of_each_call(market: Market) -> None:
    headers = right(market)
    over = asked(market, headers)["calls"][1]["call"]
    here: dict[str, Any] = {"service": SERVICE, "ledger": market.ledger, "store": market.store}
    found = read_evidence(over, named(headers), now=market.clock.now, **here)
    assert found["openings"]
    assert "inputs.json" in found["documents"]
    for other in (
        right(market, SELLER),
        right(market, STRANGER),
        right(market, BUYER, BUYER.public_key()),
        right(market, service="https://other.test"),
        right(market, sign=sign_account_read),
    ):
        with pytest.raises(NotAllowed):
            read_evidence(over, named(other), now=market.clock.now, **here)


def test_c1_only_the_buyers_own_right_for_this_service_and_network_lists_calls(market: Market) -> None:
    for other in (
        right(market, SELLER),
        right(market, ORACLE),
        right(market, STRANGER),
        right(market, ACCOUNT),
        right(market, service="https://other.test"),
        right(market, sign=sign_account_read),
        {**right(market, STRANGER), "Sealrun-Key": BUYER.public_key().to_base58()},
    ):
        with pytest.raises(NotAllowed):
            asked(market, other)
    with pytest.raises(NotAllowed):
        asked(market, right(market), network="mina:mainnet")
    with pytest.raises(Expired):
        asked(market, right(market, seconds=-1))
    with pytest.raises(Expired):
        asked(market, right(market, seconds=3700))


@pytest.mark.parametrize(
    "changes",
    [
        {"network": ""},
        {"network": "mina:other"},
        {"after": ""},
        {"after": "x"},
        {"after": f"1.{'f' * 64}"},
        {"address": "B62"},
    ],
)
def test_l14_what_is_no_request_for_a_list_is_malformed(market: Market, changes: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        asked(market, right(market), **changes)
    for name in right(market):
        with pytest.raises(Malformed):
            asked(market, {**right(market), name: "x"})


def test_free_calls_are_listed_to_the_key_that_signed_them() -> None:
    world = World()
    world.settle(world.call().record.call_hash)
    own = BUYER.public_key()
    found = asked(world, right(world, BUYER, own), own.to_base58())
    assert [each["price"] for each in found["calls"]] == ["0"]
    nobody = STRANGER.public_key()
    assert asked(world, right(world, STRANGER, nobody), nobody.to_base58())["calls"] == []
    with pytest.raises(NotAllowed):
        asked(world, right(world, STRANGER, own), own.to_base58())


def test_l14_many_calls_come_in_pages_of_a_constant_number_of_requests() -> None:
    world = World(make_offer(**BUSY), ledger=Remembers())
    own = BUYER.public_key()
    for nonce in range(PAGE_CALLS + 3):
        world.clock.passes(nonce % 2)
        world.call(sign_call(world.offer, nonce=nonce), sender=f"192.0.2.{nonce}")
    found, after, pages = [], None, 0
    while pages == 0 or after is not None:
        world.ledger.asked.clear()
        page = asked(world, right(world, BUYER, own), own.to_base58(), after=after)
        assert world.ledger.asked == ["count_request", "standing", "calls_of", "offers_of"]
        found += page["calls"]
        after, pages = page["next"], pages + 1
    assert pages == 2
    assert len({each["call"] for each in found}) == len(found) == PAGE_CALLS + 3
    times = [each["claimed_at"] for each in found]
    assert times == sorted(times, reverse=True)


def test_l2_too_many_lists_are_refused_before_their_signatures_are_looked_at(market: Market) -> None:
    market.ledger = Remembers()
    for _ in range(LISTS_PER_MINUTE):
        with pytest.raises(NotAllowed):
            asked(market, right(market, SELLER))
    with pytest.raises(TooMany):
        asked(market, {**right(market), "Sealrun-Signature": "no signature at all"})
    market.ledger.asked.clear()
    with pytest.raises(TooMany):
        asked(market, right(market), throttle=Throttle())
    assert market.ledger.asked == ["count_request"], "another process finds the table's own count"


def test_the_functions_answer_over_a_table_too(monkeypatch: Any) -> None:
    with mock_aws():
        market = Market(ledger=dynamo())
        market.ledger.publish(StoredOffer(make_paid_offer(title="Other"), "", b"", b"", b""))
        done = market.bought(limit=PRICE, nonce=1)
        headers = right(market)
        account = Gateway(load("account", market, monkeypatch))
        url = f"https://calls.test/accounts/{NAME}/calls"
        answer = account.answer(httpx.Request("GET", f"{url}?network={NETWORK}", headers=headers))
        assert [each["call"] for each in answer.json()["calls"]] == [done.id]
        refused = account.answer(httpx.Request("GET", url, headers=headers))
        assert (refused.status_code, refused.json()["type"]) == (400, "urn:sealrun:problem:malformed")
        receipt = Gateway(load("receipt", market, monkeypatch, store=market.store))
        found = receipt.answer(
            httpx.Request("GET", f"https://calls.test/calls/{done.id}/evidence", headers=headers)
        )
        assert found.json()["openings"]
