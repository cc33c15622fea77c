"""Credits and asks as a node tells them: each property that makes them so, and each lie about it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mina import tokens
from mina.keys import PrivateKey
from sealrun.chain.account import PERMISSIONS, TIMING
from sealrun.chain.credits import (
    CREDIT_PERMISSIONS,
    Codes,
    check_agrees,
    check_ask,
    check_credit,
    credit_query,
    holders_query,
    slot_of,
    vault_of,
)
from sealrun.chain.token import check_supply
from sealrun.errors import AccountRefused, NodeUnavailable
from sealrun.offers.asset import MINA, asset_of
from sealrun.offers.promise import Promise

NANO = 10**9
OWNER, VAULT, SELLER, ASK, OTHER = (PrivateKey.from_scalar(31 + n).public_key() for n in range(5))
TOKEN = tokens.to_base58(tokens.derive_token_id(OWNER))
CODES = Codes("71", "72", "73")
NETWORK = "mina:devnet"
Answer = dict[str, Any]


def account(key: Any, code: str, state: list[int], permissions: dict[str, str], **more: Any) -> Answer:
    allowed = {**permissions, "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"}}
    told = {
        "publicKey": key.to_base58(),
        "token": MINA.id,
        "balance": {"total": "0"},
        "zkappState": [str(value) for value in [*state, *[0] * (8 - len(state))]],
        "verificationKey": {"hash": code},
        "permissions": allowed,
        "timing": dict.fromkeys(TIMING),
    }
    return {**told, **more}


def answer() -> Answer:
    """An honest one: 100 at most, 60 minted, 40 out, half a MINA behind each."""
    vault = [*SELLER.to_fields(), *OWNER.to_fields(), 100, 60, NANO // 2, 900]
    block = {"consensusState": {"slotSinceGenesis": "800"}}
    return {
        "syncStatus": "SYNCED",
        "networkID": NETWORK,
        "bestChain": [{"protocolState": block}],
        "token": account(
            OWNER,
            "73",
            [0, *VAULT.to_fields(), 0],
            CREDIT_PERMISSIONS,
            tokenSymbol="RUN",
            zkappUri="https://ci.example/run.json#5f",
        ),
        "vault": account(VAULT, "71", vault, CREDIT_PERMISSIONS, balance={"total": str(20 * NANO)}),
        "counted": {"balance": {"total": "40"}},
    }


def ask(**more: Any) -> Answer:
    told = account(ASK, "72", [*SELLER.to_fields(), NANO], PERMISSIONS, token=TOKEN)
    return {**told, "balance": {"total": "7"}, **more}


def test_an_honest_credit_is_read() -> None:
    credit = check_credit(answer(), OWNER, network=NETWORK, codes=CODES)
    assert (credit.asset.id, credit.asset.symbol, credit.asset.decimals) == (TOKEN, "RUN", 0)
    assert (credit.vault, credit.seller) == (VAULT, SELLER)
    assert (credit.cap, credit.minted, credit.circulating, credit.expiry) == (100, 60, 40, 900)
    assert (str(credit.backing), str(credit.locked)) == ("0.5 MINA", "20 MINA")
    assert not credit.expired
    late = answer()
    late["bestChain"][0]["protocolState"]["consensusState"]["slotSinceGenesis"] = "900"
    assert check_credit(late, OWNER, network=NETWORK, codes=CODES).expired


def set_state(name: str, index: int, value: int) -> Callable[[Answer], None]:
    return lambda told: told[name]["zkappState"].__setitem__(index, str(value))


def set_permission(name: str, permission: str, value: Any) -> Callable[[Answer], None]:
    return lambda told: told[name]["permissions"].__setitem__(permission, value)


def set_member(name: str, member: str, value: Any) -> Callable[[Answer], None]:
    return lambda told: told[name].__setitem__(member, value)


LIES: dict[str, tuple[Callable[[Answer], None], str]] = {
    "other token code": (set_member("token", "verificationKey", {"hash": "9"}), "verificationKey.hash"),
    "no token code": (set_member("token", "verificationKey", None), "verificationKey.hash"),
    "other vault code": (set_member("vault", "verificationKey", {"hash": "73"}), "verificationKey.hash"),
    "another vault": (set_member("vault", "publicKey", OTHER.to_base58()), "token.admin"),
    "another admin": (set_state("token", 1, OTHER.to_fields()[0]), "token.admin"),
    "decimals": (set_state("token", 0, 9), "token.decimals"),
    "paused": (set_state("token", 3, 1), "token.paused"),
    "vault of another token": (set_state("vault", 2, OTHER.to_fields()[0]), "vault.token"),
    "more minted than the cap": (set_state("vault", 4, 59), "vault.minted"),
    "more out than minted": (set_member("counted", "balance", {"total": "61"}), "vault.minted"),
    "a nanomina too little": (
        set_member("vault", "balance", {"total": str(20 * NANO - 1)}),
        "vault.balance: expected at least 20 MINA, got 19.999999999 MINA",
    ),
    "backing above what is there": (set_state("vault", 6, NANO), "vault.balance"),
    "a vault that vests": (
        set_member("vault", "timing", {**dict.fromkeys(TIMING), "cliffTime": "9"}),
        "vault.timing.cliffTime",
    ),
    "the owner's key mints": (set_permission("token", "access", "Either"), "access"),
    "nobody asks the owner": (set_permission("token", "access", "None"), "access"),
    "the vault's key pays": (set_permission("vault", "send", "Either"), "send"),
    "the vault's key writes": (set_permission("vault", "editState", "Signature"), "editState"),
    "the vault's permissions change": (set_permission("vault", "setPermissions", "Proof"), "setPermissions"),
    "the promise is replaced": (set_permission("token", "setZkappUri", "Signature"), "setZkappUri"),
    "the symbol is replaced": (set_permission("token", "setTokenSymbol", "Proof"), "setTokenSymbol"),
    "the vault's code is replaced": (
        set_permission("vault", "setVerificationKey", {"auth": "Impossible", "txnVersion": "2"}),
        "txnVersion",
    ),
    "the token's code is replaced": (
        set_permission("token", "setVerificationKey", {"auth": "Proof", "txnVersion": "3"}),
        "setVerificationKey",
    ),
    "the token's code, after a fork": (
        set_permission("token", "setVerificationKey", {"auth": "Impossible", "txnVersion": "2"}),
        "setVerificationKey.txnVersion: expected 3, got 2",
    ),
    "a vault in a token": (set_member("vault", "token", TOKEN), "token"),
    "no vault": (lambda told: told.__setitem__("vault", None), "expected an owner and its vault"),
    "no token": (lambda told: told.__setitem__("token", None), "expected an owner and its vault"),
}


@pytest.mark.parametrize("name", LIES)
def test_a17_a_token_that_is_no_credit_is_refused_by_the_property(name: str) -> None:
    told = copy.deepcopy(answer())
    lie, says = LIES[name]
    lie(told)
    with pytest.raises(AccountRefused) as refused:
        check_credit(told, OWNER, network=NETWORK, codes=CODES)
    assert says in refused.value.detail


@pytest.mark.parametrize("symbol", ["MINA", "mina", "", "CREDITS", "R\u202eU"])
def test_a17_a_symbol_that_is_no_tokens_own_is_refused(symbol: str) -> None:
    told = answer()
    told["token"]["tokenSymbol"] = symbol
    with pytest.raises(AccountRefused, match=r"symbol|asset: expected"):
        check_credit(told, OWNER, network=NETWORK, codes=CODES)


@pytest.mark.parametrize(
    ("name", "value"), [("syncStatus", "CATCHUP"), ("networkID", "mina:mainnet"), ("bestChain", [])]
)
def test_a17_a_node_that_is_not_one_to_believe_is_no_answer(name: str, value: Any) -> None:
    with pytest.raises(NodeUnavailable):
        check_credit({**answer(), name: value}, OWNER, network=NETWORK, codes=CODES)


def test_l14_what_a_node_gives_in_another_form_is_no_answer() -> None:
    told = answer()
    told["vault"]["timing"] = "none"
    with pytest.raises(NodeUnavailable, match="expected an answer as it was asked for"):
        check_credit(told, OWNER, network=NETWORK, codes=CODES)
    with pytest.raises(NodeUnavailable, match="expected an answer as it was asked for"):
        check_ask(ask(timing="none"), ASK, asset_of(tokens.from_base58(TOKEN)), codes=CODES)
    for token in ("none", {"zkappState": {"1": "0"}}):
        with pytest.raises(AccountRefused, match="expected one that its admin's vault backs"):
            vault_of({**answer(), "token": token}, NETWORK)


@pytest.mark.parametrize("member", ["verificationKey", "permissions", "zkappState", "timing", "balance"])
def test_a17_what_a_node_leaves_out_is_not_guessed(member: str) -> None:
    told = answer()
    del told["vault"][member]
    with pytest.raises(NodeUnavailable, match="expected an answer as it was asked for"):
        check_credit(told, OWNER, network=NETWORK, codes=CODES)


def test_the_vault_is_the_tokens_own_admin() -> None:
    told = {"syncStatus": "SYNCED", "networkID": NETWORK, "token": answer()["token"]}
    assert vault_of(told, NETWORK) == VAULT
    for state in (None, [], ["0", "5"], ["0", "x", "0"]):
        with pytest.raises(AccountRefused, match="expected one that its admin's vault backs"):
            vault_of({**told, "token": {"zkappState": state}}, NETWORK)
    with pytest.raises(AccountRefused):
        vault_of({**told, "token": None}, NETWORK)
    assert slot_of(answer(), NETWORK) == 800


def test_credits_that_nobody_counts_are_found_by_the_sum() -> None:
    asset = check_credit(answer(), OWNER, network=NETWORK, codes=CODES).asset

    def held(hidden: int) -> Answer:
        accounts = [(OWNER, 40), (SELLER, 33), (ASK, 7), *([(OTHER, hidden)] if hidden else [])]
        listed = [
            {"publicKey": key.to_base58(), "token": TOKEN, "balance": {"total": str(total)}}
            for key, total in accounts
        ]
        owner = {"publicKey": OWNER.to_base58()}
        return {"syncStatus": "SYNCED", "networkID": NETWORK, "tokenOwner": owner, "tokenAccounts": listed}

    assert check_supply(held(0), asset, network=NETWORK) == 40
    with pytest.raises(AccountRefused, match=r"token.accounts: sum: expected 40, got 540"):
        check_supply(held(500), asset, network=NETWORK)


ASK_LIES: dict[str, tuple[dict[str, Any], str]] = {
    "other code": ({"verificationKey": {"hash": "71"}}, "verificationKey.hash"),
    "another token": ({"token": MINA.id}, "token"),
    "its key writes": (
        {"permissions": {**ask()["permissions"], "editState": "Either"}},
        "editState",
    ),
    "its key sends": ({"permissions": {**ask()["permissions"], "send": "Signature"}}, "send"),
    "its code is replaced": (
        {"permissions": {**ask()["permissions"], "setVerificationKey": {"auth": "Proof", "txnVersion": "3"}}},
        "setVerificationKey",
    ),
    "for nothing": ({"zkappState": [*map(str, SELLER.to_fields()), *["0"] * 6]}, "ask.price"),
    "with more in its state": (
        {"zkappState": [*map(str, SELLER.to_fields()), "1", "1", *["0"] * 4]},
        "ask.state",
    ),
    "of nobody": ({"zkappState": ["0", "0", "1", *["0"] * 5]}, "ask.seller"),
    "credits that vest": ({"timing": {**dict.fromkeys(TIMING), "cliffAmount": "9"}}, "ask.timing"),
}


def test_an_honest_ask_is_read() -> None:
    asset = asset_of(tokens.from_base58(TOKEN))
    found = check_ask(ask(), ASK, asset, codes=CODES)
    assert (found.seller, str(found.price), found.amount) == (SELLER, "1 MINA", 7)


@pytest.mark.parametrize("name", ASK_LIES)
def test_a17_a_fake_ask_is_refused_by_the_property(name: str) -> None:
    changes, says = ASK_LIES[name]
    asset = asset_of(tokens.from_base58(TOKEN))
    with pytest.raises(AccountRefused) as refused:
        check_ask(ask(**changes), ASK, asset, codes=CODES)
    assert says in refused.value.detail
    with pytest.raises(AccountRefused, match="expected one in"):
        check_ask(None, ASK, asset, codes=CODES)


def test_a_promise_that_says_other_than_the_chain_is_refused_by_name() -> None:
    credit = check_credit(answer(), OWNER, network=NETWORK, codes=CODES)
    said: dict[str, Any] = {
        "network": NETWORK,
        "token": OWNER,
        "vault": VAULT,
        "seller": SELLER,
        "symbol": "RUN",
        "cap": 100,
        "backing": MINA.of(NANO // 2),
        "price": MINA.of(NANO),
        "expiry": 900,
        "title": "100 builds",
        "text": "x",
        "offers": (),
    }
    check_agrees(Promise(**said), credit, NETWORK)
    lies = {
        "network": "mina:mainnet",
        "token": OTHER,
        "vault": OTHER,
        "seller": OTHER,
        "symbol": "RUNS",
        "cap": 99,
        "backing": MINA.of(NANO),
        "expiry": 901,
    }
    for name, lie in lies.items():
        with pytest.raises(AccountRefused, match=f"promise.{name}"):
            check_agrees(Promise(**{**said, name: lie}), credit, NETWORK)


def test_a_question_names_the_token_that_the_owner_derives() -> None:
    asked = credit_query(OWNER, VAULT)
    assert f'counted:account(publicKey:"{OWNER.to_base58()}",token:"{TOKEN}")' in asked
    assert f'tokenAccounts(tokenId:"{TOKEN}")' in holders_query(asset_of(tokens.from_base58(TOKEN)))
