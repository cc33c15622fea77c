"""Payments as a node tells them: what counts, and what looks like one and is none."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.chain.payments import payments_query, payments_to
from sealrun.errors import NodeUnavailable
from sealrun.offers.asset import MINA

SHOP, PAYER, OTHER = (PrivateKey.from_scalar(911 + n).public_key() for n in range(3))
NETWORK = "mina:devnet"
Change = Callable[[dict[str, Any]], object]


def plain(hash_: str, **changes: Any) -> dict[str, Any]:
    told = {
        "hash": hash_,
        "kind": "PAYMENT",
        "memo": "memo",
        "amount": "5",
        "failureReason": None,
        "source": {"publicKey": PAYER.to_base58()},
        "receiver": {"publicKey": SHOP.to_base58()},
    }
    return {**told, **changes}


def update(key: Any, units: int, token: str = MINA.id) -> dict[str, Any]:
    sign = "Negative" if units < 0 else "Positive"
    return {
        "body": {
            "publicKey": key.to_base58(),
            "tokenId": token,
            "balanceChange": {"magnitude": str(abs(units)), "sgn": sign},
        }
    }


def zkapp(hash_: str, *updates: dict[str, Any], failure: Any = None) -> dict[str, Any]:
    command = {
        "memo": "memo",
        "feePayer": {"body": {"publicKey": PAYER.to_base58()}},
        "accountUpdates": list(updates),
    }
    return {"hash": hash_, "failureReason": failure, "zkappCommand": command}


def block(height: int, plain: list[Any], zkapps: list[Any]) -> dict[str, Any]:
    state = {"consensusState": {"blockHeight": str(height)}}
    return {"protocolState": state, "transactions": {"userCommands": plain, "zkappCommands": zkapps}}


def answer(plain: list[Any] | None = None, zkapps: list[Any] | None = None) -> dict[str, Any]:
    blocks = [block(7, [], []), block(5, plain or [], zkapps or [])]
    return {"syncStatus": "SYNCED", "networkID": NETWORK, "bestChain": blocks}


def paid(told: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each.hash, each.units) for each in payments_to(told, SHOP, network=NETWORK)]


def test_plain_payments_and_those_of_tools_count_with_payer_memo_and_depth() -> None:
    told = answer([plain("5a")], [zkapp("5b", update(PAYER, -5), update(SHOP, 5))])
    first, second = payments_to(told, SHOP, network=NETWORK)
    assert first == ("5a", PAYER, 5, "memo", 2)
    assert second == ("5b", PAYER, 5, "memo", 2)
    assert "userCommands" in payments_query()


@pytest.mark.parametrize(
    ("plains", "zkapps"),
    [
        ([plain("5a", failureReason="Amount_insufficient_to_create_account")], []),
        ([plain("5a", receiver={"publicKey": OTHER.to_base58()})], []),
        ([plain("5a", kind="STAKE_DELEGATION")], []),
        ([], [zkapp("5b", update(SHOP, 5), failure=[{"failures": ["Overflow"]}])]),
        ([], [zkapp("5b", update(SHOP, 5, token="wTwin"))]),
        ([], [zkapp("5b", update(SHOP, 5), update(SHOP, -5))]),
        ([], [zkapp("5b", update(SHOP, -5))]),
        ([], [zkapp("5b", update(OTHER, 5))]),
        ([], [zkapp("5b", update(PAYER, -5), update(OTHER, -1, "wCredit"), update(SHOP, 5))]),
        ([], [zkapp("5b", update(PAYER, -5), update(OTHER, 0), update(SHOP, 5))]),
        ([], [zkapp("5b", update(OTHER, -5), update(SHOP, 5))]),
        ([], [zkapp("5b", update(PAYER, -3), update(OTHER, -2), update(SHOP, 5))]),
    ],
    ids=[
        "failed",
        "to another",
        "delegation",
        "failed zkApp",
        "a token",
        "there and back",
        "away",
        "another",
        "credits of an ask that is paid for",
        "a contract that takes part",
        "a settlement, or a withdrawal, that somebody relays",
        "partly another's",
    ],
)
def test_e4_what_is_no_payment_in_mina_to_this_address_does_not_count(
    plains: list[Any], zkapps: list[Any]
) -> None:
    assert paid(answer(plains, zkapps)) == []


LIES: dict[str, Change] = {
    "not synced": lambda told: told.update(syncStatus="BOOTSTRAP"),
    "another network": lambda told: told.update(networkID="mina:mainnet"),
    "no blocks": lambda told: told.update(bestChain=None),
    "no transactions": lambda told: told["bestChain"][1].update(transactions=None),
    "a payment twice": lambda told: told["bestChain"][0]["transactions"]["userCommands"].append(plain("5a")),
    "no amount": lambda told: told["bestChain"][1]["transactions"]["userCommands"][0].update(amount="-5"),
    "no payer": lambda told: told["bestChain"][1]["transactions"]["userCommands"][0].update(source={}),
    "no height": lambda told: told["bestChain"][0].update(protocolState={}),
}


@pytest.mark.parametrize("lie", LIES)
def test_l14_an_answer_of_another_form_is_no_answer(lie: str) -> None:
    told = copy.deepcopy(answer([plain("5a")]))
    LIES[lie](told)
    with pytest.raises(NodeUnavailable):
        payments_to(told, SHOP, network=NETWORK)
