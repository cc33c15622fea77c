"""The contracts and this side encode alike: each recomputes the other's vectors."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mina import tokens
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import Call, calls_fields, read_fields
from sealrun.chain.account import account_fields, exit_fields, withdraw_fields
from sealrun.encoding.fields import digest_fields, tagged_hash, text_field
from sealrun.market.listing import list_fields
from sealrun.money.dues import Due, DueLeaf, DueTree, root_from_path
from sealrun.offers.asset import Amount, Asset, asset_of
from sealrun.offers.facts import facts_hash
from sealrun.offers.offer import close_fields, offer_hash
from sealrun.offers.prices import prices_hash
from sealrun.offers.terms import Terms
from sealrun.receipts.receipt import Receipt
from sealrun.receipts.token_proof import key_hash, key_root

FOLDER = Path(__file__).parents[1] / "vectors"
Entry = Mapping[str, Any]
Signers = Mapping[str, PrivateKey]


class WithInputsHash(Call):
    """A call whose inputs are known by their hash only."""

    inputs_hash = 0


def call(entry: Entry) -> Call:
    names = ("offer_hash", "terms_hash", "nonce", "expires_at")
    numbers: dict[str, Any] = {name: int(entry.get(name, 0)) for name in names}
    made = WithInputsHash(
        network=entry["network"], account=key(entry["account"]), asset=0, inputs={}, salt="", **numbers
    )
    object.__setattr__(made, "inputs_hash", int(entry.get("inputs_hash", 0)))
    return made


def voucher_fields(entry: Entry) -> list[int]:
    made = call(entry)
    object.__setattr__(made, "hash", int(entry["call_hash"]))
    object.__setattr__(made, "asset", token(entry["asset"]))
    return made.voucher_fields(int(entry["limit"]))


def key(text: str) -> PublicKey:
    return PublicKey.from_base58(text)


def token(text: str) -> int:
    return tokens.from_base58(text) if text else 0


def asset(entry: Entry) -> Asset:
    return asset_of(token(entry["asset"]))


def prices(entry: Entry) -> list[Amount]:
    return [asset(price).of(price["amount"]) for price in entry["prices"]]


def offer(entry: Entry) -> int:
    digest = digest_fields(bytes.fromhex(entry["sha256"]))
    return offer_hash(digest, int(entry["facts"]), prices(entry))


def texts(numbers: list[int]) -> list[str]:
    return [str(number) for number in numbers]


def due(entry: Entry) -> Due:
    amount, root = int(entry["due"]), int(entry["tree_root"])
    return Due(entry["network"], key(entry["account"]), asset(entry), amount, root, int(entry["count"]))


def signed(entry: Entry, fields: list[int], signers: Signers) -> dict[str, Any]:
    """The fields and a signature over them: of one of our keys, or the entry's own if it holds."""
    if entry["signer"] in signers:
        text = sign_fields(signers[entry["signer"]], fields).to_base58()
    else:
        holds = verify_fields(Signature.from_base58(entry["signature"]), key(entry["signer"]), fields)
        text = entry["signature"] if holds else "a signature that does not hold"
    return {"fields": texts(fields), "signature": text}


def tree(entry: Entry) -> dict[str, Any]:
    grown, leaves = DueTree(), []
    for wanted in entry["leaves"]:
        numbers = {name: int(wanted[name]) for name in ("call_hash", "receipt_hash", "price_due")}
        grown, leaf = grown.add(**numbers)
        assert leaf == DueLeaf.parse({**wanted, "index": int(wanted["index"])})
        leaves.append(leaf)
    hashes = [leaf.hash for leaf in leaves]
    siblings = grown.path(int(entry["index"]), dict(enumerate(leaves)))
    assert root_from_path(leaves[int(entry["index"])], siblings) == grown.root
    root = tagged_hash("sealrun:root", [grown.root, grown.count])
    return {
        "hashes": texts(hashes),
        "tree_root": str(grown.root),
        "receipts_root": str(root),
        "path": texts(siblings),
    }


COMPUTED: dict[str, Callable[[Entry, Signers], dict[str, Any]]] = {
    "text": lambda e, _: {"field": str(text_field(e["text"]))},
    "hash": lambda e, _: {"hash": str(tagged_hash(e["tag"], [int(field) for field in e["fields"]]))},
    "digest": lambda e, _: {"fields": texts(digest_fields(bytes.fromhex(e["sha256"])))},
    "terms": lambda e, _: {"hash": str(Terms.parse(e["terms"]).hash)},
    "prices": lambda e, _: {"root": str(prices_hash(prices(e)))},
    "offer": lambda e, _: {"hash": str(offer(e))},
    "call": lambda e, _: {"hash": str(call(e).hash)},
    "voucher": lambda e, signers: signed(e, voucher_fields(e), signers),
    "due": lambda e, signers: {
        "receipts_root": str(due(e).root),
        **signed(e, due(e).due_fields(), signers),
    },
    "read": lambda e, signers: signed(
        e,
        read_fields(
            e["network"], key(e["account"]), int(e["call_hash"]), int(e["expires_at"]), service=e["service"]
        ),
        signers,
    ),
    "account": lambda e, signers: signed(
        e,
        account_fields(e["network"], key(e["account"]), int(e["expires_at"]), service=e["service"]),
        signers,
    ),
    "calls": lambda e, signers: signed(
        e,
        calls_fields(e["network"], key(e["account"]), int(e["expires_at"]), service=e["service"]),
        signers,
    ),
    "exit": lambda e, signers: signed(
        e, exit_fields(e["network"], key(e["account"]), asset(e), int(e["latest"])), signers
    ),
    "withdraw": lambda e, signers: signed(
        e,
        withdraw_fields(e["network"], key(e["account"]), asset(e), int(e["exit_slot"]), int(e["amount"])),
        signers,
    ),
    "close": lambda e, signers: signed(e, close_fields(e["network"], key(e["offer"])), signers),
    "list": lambda e, signers: signed(
        e,
        list_fields(e["network"], key(e["board"]), key(e["offer"]), int(e["offer_hash"]), e["url"]),
        signers,
    ),
    "receipt": lambda e, signers: {
        **signed(e, Receipt.parse(e["data"]).fields(), signers),
        "hash": str(Receipt.parse(e["data"]).hash),
    },
    "tree": lambda e, _: tree(e),
    "facts": lambda e, _: {"hash": str(facts_hash(e["issuer"], e["facts"]))},
    "issuer_key": lambda e, _: {"hash": str(key_hash(e["issuer"], e["key"]))},
    "key_root": lambda e, _: {"root": str(key_root([int(each) for each in e["hashes"]]))},
}


def entries(file: str) -> list[Any]:
    found = json.loads((FOLDER / file).read_text())
    return [
        pytest.param(name, entry, id=f"{name}-{at}")
        for name, listed in found.items()
        if name in COMPUTED
        for at, entry in enumerate(listed)
    ]


@pytest.mark.parametrize(("name", "entry"), entries("contracts.json"))
def test_what_the_contracts_compute_is_what_we_compute(name: str, entry: dict[str, Any]) -> None:
    computed = COMPUTED[name](entry, {})
    assert {**entry, **computed} == entry


@pytest.mark.parametrize(("name", "entry"), entries("sealrun.json"))
def test_what_we_once_computed_is_what_we_compute(name: str, entry: dict[str, Any]) -> None:
    computed = COMPUTED[name](entry, {})
    assert {**entry, **computed} == entry


def test_the_contracts_file_has_every_list_that_is_ours_too() -> None:
    found = json.loads((FOLDER / "contracts.json").read_text())
    contracts = COMPUTED.keys() - {"read", "account", "calls"}  # which no contract knows
    assert found.keys() >= contracts
    assert all(found[name] for name in contracts)
