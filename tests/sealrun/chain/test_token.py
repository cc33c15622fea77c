"""A15: what a token must show before anything is sold for it; each lie is refused by its name."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.chain import CONTRACTS
from sealrun.chain.account import check_token
from sealrun.chain.token import (
    FUNGIBLE_CODE,
    MAX_HOLDERS,
    VAULT_CODE,
    TokenView,
    check_owner,
    check_supply,
    owner_query,
    supply_query,
)
from sealrun.errors import AccountRefused, NodeUnavailable
from sealrun.offers.asset import MINA, Asset
from sealrun.offers.terms import Terms
from tests.sealrun.fake_chain import PINNED, account_answer, supply_answer, token_answer
from tests.sealrun.offers.test_prices import TOKEN
from tests.sealrun.world import ACCOUNT, BUYER, OPERATOR, SELLER, terms_value

RUN = Asset(TOKEN, "RUN", "smallest units of RUN", 0)
Change = Callable[[dict[str, Any]], object]


def check(owner: Any, asset: Asset = RUN) -> TokenView:
    return check_owner(owner, asset, txn_version=3, state_fields=8)


def member(name: str, value: Any) -> Change:
    return lambda owner: owner.update({name: value})


def permission(name: str, value: Any) -> Change:
    return lambda owner: owner["permissions"].update({name: value})


def state(index: int, value: int) -> Change:
    return lambda owner: owner["zkappState"].__setitem__(index, str(value))


def test_a15_the_code_is_that_of_the_pinned_package() -> None:
    keys = json.loads((CONTRACTS / "verification_keys.json").read_text())
    assert keys["FungibleToken"]["hash"] == FUNGIBLE_CODE
    assert keys["CreditVault"]["hash"] == VAULT_CODE
    package = json.loads((CONTRACTS / "package.json").read_text())
    assert package["dependencies"]["mina-fungible-token"] == "1.1.0"


def test_a15_an_unmodified_fungible_token_passes() -> None:
    assert check(token_answer()) == TokenView(SELLER.public_key(), OPERATOR.public_key())
    # What a signature could do without access to the account; the standard's own deployment has it so.
    loose = token_answer()
    loose["permissions"] |= {"setTokenSymbol": "Signature", "send": "Proof"}
    assert check(loose).owner == SELLER.public_key()


LIES: list[tuple[str, Change, str]] = [
    ("another owner", member("publicKey", BUYER.public_key().to_base58()), "token.owner: expected"),
    ("a token's own token", member("token", TOKEN), "token.owner.token: expected wSHV.*, got"),
    ("no code", member("verificationKey", None), "token.verificationKey.hash: expected 1127.*, got null"),
    (
        "other code",
        member("verificationKey", {"hash": "1"}),
        "token.verificationKey.hash: expected 1127.*, got 1",
    ),
    ("no permissions", member("permissions", None), "token.permissions.access: expected Proof, got null"),
    (
        "signature or proof",
        permission("access", "Either"),
        "token.permissions.access: expected Proof, got Either",
    ),
    ("no access", permission("access", "None"), "token.permissions.access: expected Proof, got None"),
    ("state by key", permission("editState", "Either"), "token.permissions.editState: expected Proof"),
    ("permissions by key", permission("setPermissions", "Signature"), "token.permissions.setPermissions"),
    (
        "code by its admin",
        permission("setVerificationKey", {"auth": "Proof", "txnVersion": "3"}),
        "token.permissions.setVerificationKey.auth: expected Impossible, got Proof",
    ),
    (
        "older version",
        permission("setVerificationKey", {"auth": "Impossible", "txnVersion": "2"}),
        "token.permissions.setVerificationKey.txnVersion: expected 3, got 2",
    ),
    ("decimals", state(0, 2), "token.decimals: expected 0, got 2"),
    ("symbol", member("tokenSymbol", "RUM"), "token.symbol: expected RUN, got RUM"),
    ("paused", state(3, 1), "token: expected one that moves, got RUN, which is paused"),
    ("no admin", state(1, 0), "token.admin: public key"),
    ("short state", member("zkappState", ["0"] * 7), "token.zkappState.length: expected 8, got 7"),
]


@pytest.mark.parametrize(("change", "text"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_a15_a_token_that_is_not_as_it_must_be_is_refused_by_the_property(change: Change, text: str) -> None:
    owner = token_answer()
    change(owner)
    with pytest.raises(AccountRefused, match=text):
        check(owner)


def test_a15_a_token_that_nobody_owns_is_refused() -> None:
    with pytest.raises(AccountRefused, match=f"token: expected an owner of {TOKEN} \\(RUN\\), got none"):
        check(None)


@pytest.mark.parametrize("name", sorted(token_answer()))
def test_a15_an_answer_without_what_was_asked_for_is_no_answer(name: str) -> None:
    owner = token_answer()
    del owner[name]
    with pytest.raises(NodeUnavailable, match=f"got one without it \\({name}\\)"):
        check(owner)


@pytest.mark.parametrize("change", [member("permissions", "none"), permission("setVerificationKey", "none")])
def test_l14_permissions_of_another_form_are_no_answer(change: Change) -> None:
    owner = token_answer()
    change(owner)
    with pytest.raises(NodeUnavailable, match="expected an answer as it was asked for"):
        check(owner)


def test_a15_the_account_s_own_check_asks_the_token_too() -> None:
    terms = Terms.parse({**terms_value(), "asset": TOKEN})
    check_token(account_answer(terms=terms), terms, RUN, PINNED)
    with pytest.raises(ValueError, match="asset: expected that of the terms"):
        check_token(account_answer(terms=terms), terms, MINA, PINNED)
    missing = account_answer(terms=terms)
    del missing["token"]
    with pytest.raises(AccountRefused, match="token: expected an owner"):
        check_token(missing, terms, RUN, PINNED)
    check_token({}, Terms.parse(terms_value()), MINA, PINNED)


def supply(held: dict[Any, int], circulating: int, **changes: Any) -> int:
    answer = {**supply_answer(RUN, held, circulating), **changes}
    return check_supply(answer, RUN, network="mina:devnet")


def test_a15_all_accounts_together_hold_what_circulates() -> None:
    assert supply({}, 0) == 0
    assert supply({BUYER.public_key(): 3, ACCOUNT.public_key(): 4}, 7) == 7
    assert supply({}, 0, tokenAccounts=[]) == 0


def test_a15_a_token_that_was_made_before_its_code_was_there_is_found() -> None:
    """Seen on chain: the owner's key minted for an address of its own, and then deployed FungibleToken."""
    for hidden in (1, 10**12):
        with pytest.raises(AccountRefused, match=f"token.accounts: sum: expected 3, got {3 + hidden}"):
            supply({BUYER.public_key(): 3, OPERATOR.public_key(): hidden}, 3)


def test_a15_an_account_that_is_told_twice_or_of_another_token_is_no_answer() -> None:
    entry = {"publicKey": BUYER.public_key().to_base58(), "token": TOKEN, "balance": {"total": "3"}}
    twice = [entry, entry]
    other = [{**entry, "token": MINA.id}]
    for accounts in (twice, other):
        with pytest.raises(NodeUnavailable, match="each account of the token once"):
            supply({}, 0, tokenAccounts=accounts)


def test_a15_a_supply_of_another_network_or_owner_or_form_is_no_answer() -> None:
    with pytest.raises(NodeUnavailable, match="networkID mina:devnet, got mina:mainnet"):
        supply({}, 0, networkID="mina:mainnet")
    with pytest.raises(AccountRefused, match=r"token\.owner: expected"):
        supply({}, 0, tokenOwner={"publicKey": BUYER.public_key().to_base58()})
    broken: dict[str, Any]
    for broken in ({"tokenOwner": None}, {"tokenAccounts": None}, {"tokenAccounts": [{}]}):
        with pytest.raises(NodeUnavailable, match="as it was asked for"):
            supply({}, 0, **broken)


def test_a15_more_accounts_than_can_be_added_up_are_refused_unread() -> None:
    accounts = [None] * (MAX_HOLDERS + 1)
    with pytest.raises(AccountRefused, match=f"expected at most {MAX_HOLDERS} accounts"):
        supply({}, 0, tokenAccounts=accounts)


def test_a15_questions_name_the_token() -> None:
    assert f'tokenOwner(tokenId:"{TOKEN}")' in owner_query(RUN)
    assert f'tokenAccounts(tokenId:"{TOKEN}")' in supply_query(RUN)
