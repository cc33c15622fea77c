"""Accounts on the page: judged as the functions judge them, and opened as the contracts open them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.chain import CONTRACTS, build_contracts
from sealrun.chain.account import PERMISSIONS, TIMING
from sealrun.chain.token import FUNGIBLE_CODE
from sealrun.offers.terms import Terms
from tests import nodejs
from tests.sealrun.chain.test_account import ADDRESS, LIES, Change, account, permission, state
from tests.sealrun.chain.test_token import LIES as TOKEN_LIES
from tests.sealrun.chain.test_token import RUN
from tests.sealrun.fake_chain import DEPOSIT, PINNED, TERMS, account_answer, token_answer
from tests.sealrun.offers.test_prices import TOKEN
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, terms_value

pytestmark = pytest.mark.peers
FOLDER = Path(__file__).parent
IN_RUN = Terms.parse({**terms_value(), "asset": TOKEN})


def shown(**changes: Any) -> dict[str, Any]:
    """A node's answer, with the slot that the page asks for beside it."""
    answer = account_answer(**changes)
    for block in answer["bestChain"]:
        block["protocolState"]["consensusState"]["slotSinceGenesis"] = "120"
    return answer


def changed(*changes: Change, **given: Any) -> dict[str, Any]:
    answer = shown(**given)
    for change in changes:
        change(answer)
    return answer


def judged(
    *answers: dict[str, Any], settled: dict[str, Any] | None = None, terms: Terms = TERMS
) -> list[dict[str, Any]]:
    """What the page makes of these answers about one account."""
    names = {"code": FUNGIBLE_CODE, **RUN.value()}
    expected = {"address": ADDRESS.to_base58(), "terms": terms.value(), "code": PINNED.verification_key}
    expected["token"] = names
    asked = [{"answer": answer, **expected, "settled": settled} for answer in answers]
    return list(nodejs.ask(FOLDER / "check_accounts.mjs", asked))


def test_a1_the_page_refuses_an_account_by_the_property_as_the_functions_do() -> None:
    # The functions take no call of an account that its buyer leaves. The page shows it to that buyer, and the
    # key of no point in the page's own words.
    lies = [lie for lie in LIES if lie[0] not in ("exit", "count of nothing", "no buyer", "parity")]
    answers = judged(*(changed(change) for _, change, _ in lies))
    for (name, _, text), answer in zip(lies, answers, strict=True):
        assert answer.get("type") == "account-refused", name
        # Hashes stand in hex on the page.
        assert re.search(text, answer["refused"]), (name, answer)


def test_a1_the_page_leaves_no_permission_and_no_timing_out() -> None:
    names = [*PERMISSIONS, "setVerificationKey"]
    lies = [permission(name, "Signature" if name in PERMISSIONS else {"auth": "Signature"}) for name in names]
    gone = [lambda answer, name=name: answer["account"]["permissions"].pop(name) for name in names]
    vesting = [lambda answer, name=name: answer["account"]["timing"].update({name: "0"}) for name in TIMING]
    answers = judged(*(changed(change) for change in (*lies, *gone, *vesting)))
    for name, lie, missing in zip(names, answers, answers[len(names) :], strict=False):
        assert re.search(f"permissions.{name}.*got Signature", lie["refused"])
        assert re.search(f"permissions.{name}.*got null", missing["refused"])
    for name, answer in zip(TIMING, answers[2 * len(names) :], strict=True):
        assert answer["refused"] == f"timing.{name}: expected null, got 0"


def test_a1_a_good_account_passes_with_its_funds_and_one_that_is_left_says_so() -> None:
    good, leaving, nobody, odd = judged(
        shown(), changed(state(4, 700)), changed(state(1, 0)), changed(state(2, 2))
    )
    buyer = BUYER.public_key().to_base58()
    wanted = {"buyer": buyer, "exitSlot": 0, "settledKnown": True, "funds": str(DEPOSIT), "height": 100}
    assert (good, leaving) == (wanted, {**wanted, "exitSlot": 700})
    for answer in (nobody, odd):
        assert answer["refused"] == "state.buyer: expected a public key, got no point of the curve"


def test_a1_the_buyer_is_neither_account_nor_oracle() -> None:
    own, oracle = judged(shown(buyer=ADDRESS), shown(buyer=ORACLE.public_key()))
    assert own["refused"] == "buyer: expected a key of its own, got the account's"
    assert oracle["refused"] == "buyer: expected a key of its own, got the oracle's"


def test_a1_what_is_spent_is_compared_with_what_the_oracle_signed_as_far_as_it_is_known() -> None:
    def on_chain(**changes: Any) -> dict[str, Any]:
        return shown(
            **{"balance": DEPOSIT, "spent": 10_000, "accrued": 250, "root": 99, "count": 3, **changes}
        )

    signed = {"due": "10000", "root": "99", "count": 3}
    good, spent, root, accrued, more = judged(
        on_chain(), on_chain(spent=9_999), on_chain(root=98), on_chain(accrued=251), on_chain(count=4),
        settled=signed,
    )  # fmt: skip
    assert (good["settledKnown"], good["funds"]) == (True, str(DEPOSIT - 250 + 10_000))
    assert spent["refused"] == "state.spent: expected 10000, got 9999"
    assert root["refused"] == "state.receiptsRoot: expected 99, got 98"
    assert accrued["refused"] == "state.accrued: expected at most 250, got 251"
    assert more["refused"] == "state.receiptsCount: expected at most 3, which the oracle signed, got 4"
    later = {"due": "15000", "root": "7", "count": 5}
    unsettled, beyond = judged(on_chain(), on_chain(spent=15_001), settled=later)
    assert unsettled["settledKnown"] is False
    assert beyond["refused"] == "state.spent: expected at most 15000, got 15001"
    (unknown,) = judged(on_chain())
    assert unknown["settledKnown"] is False


def owned(change: Change, *, owner: dict[str, Any] | None = None) -> dict[str, Any]:
    """An account in a token whose owner is not as it must be."""
    owner = owner or token_answer()
    change(owner)
    return {**shown(terms=IN_RUN), "token": owner}


def test_a15_the_page_refuses_a_token_by_the_property_as_the_functions_do() -> None:
    answers = judged(*(owned(change) for _, change, _ in TOKEN_LIES), terms=IN_RUN)
    for (name, _, text), answer in zip(TOKEN_LIES, answers, strict=True):
        assert answer.get("type") == "account-refused", name
        # Of a key that is no point, the page has words of its own.
        assert re.search("token.admin: " if name == "no admin" else text, answer["refused"]), (name, answer)


def test_a15_an_account_in_a_good_token_passes_and_one_without_an_owner_does_not() -> None:
    good, nobody, untold, other = judged(
        owned(lambda _: None),
        {**shown(terms=IN_RUN), "token": None},
        {name: each for name, each in shown(terms=IN_RUN).items() if name != "token"},
        shown(),
        terms=IN_RUN,
    )
    assert good["funds"] == str(DEPOSIT)
    assert re.match(f"token: expected an owner of {TOKEN} \\(RUN\\), got none", nobody["refused"])
    assert untold["type"] == "node-unavailable"
    assert re.match(f"seller.token: expected {TOKEN}, got wSHV", other["refused"])


NONSENSE: list[Change] = [
    lambda answer: answer.update(syncStatus="CATCHUP"),
    lambda answer: answer.update(networkID="mina:mainnet"),
    lambda answer: answer.update(bestChain=None),
    lambda answer: answer.update(bestChain=[]),
    lambda answer: answer.pop("account"),
    lambda answer: answer.update(account=[]),
    lambda answer: answer.update(account="B62"),
    lambda answer: answer.update(daemonStatus={}),
    account("balance", {"total": "-5"}),
    account("balance", {"total": None}),
    account("balance", {"total": "9" * 100}),
    account("zkappState", [str(2**255)] * 8),
    account("zkappState", [{}] * 8),
]


def test_a1_the_page_takes_a_node_that_cannot_be_believed_for_no_answer() -> None:
    answers = judged(*(changed(change) for change in NONSENSE), *({}, {"account": None}))
    assert {answer.get("type") for answer in answers} == {"node-unavailable"}


def test_the_page_opens_and_tops_up_by_the_account_updates_of_the_contracts() -> None:
    build_contracts()
    made = nodejs.ask(
        FOLDER / "openings.mjs",
        {
            "payer_key": BUYER.to_base58(),
            "account_key": ACCOUNT.to_base58(),
            "terms": TERMS.value(),
            "deposit": "20000000000",
            "nonce": 3,
        },
    )
    pinned = json.loads((CONTRACTS / "verification_keys.json").read_text())["PrepaidAccount"]["hash"]
    assert made["code"] == pinned
    payer, new = made["payer"], made["account"]
    for name in ("open", "topup"):
        assert made[name]["ours"] == made[name]["theirs"] == made[name]["read"], name
        assert made[name]["same"] == [True, False]
        unfinished, finished, elsewhere = made[name]["missing"]
        assert finished == []
        # A signature is of one network.
        assert elsewhere == ([payer, payer, new] if name == "open" else [payer, payer])
        assert unfinished == ([new] if name == "open" else [])
    common = {"from": payer, "fee": "100000000", "nonce": 3, "memo": "", "validUntil": None}
    assert made["open"]["decoded"] == {
        **common,
        "changes": {payer: "-21000000000", new: "20000000000"},
        "code": {"address": new, "hash": pinned},
    }
    changes = {payer: "-20000000000", new: "20000000000"}
    assert made["topup"]["decoded"] == {**common, "changes": changes, "code": None}
