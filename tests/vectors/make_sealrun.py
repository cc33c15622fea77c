"""Writes sealrun.json: what the Python side computes, in the schema of contracts/DEVELOPING.md.

PYTHONPATH=layers/mina/src:layers/sealrun/src:. python -m tests.vectors.make_sealrun
"""

import json
from pathlib import Path
from typing import Any

from mina import tokens
from mina.keys import PrivateKey
from sealrun.offers.facts import FACTS
from sealrun.offers.terms import MAX_EXIT_DELAY
from tests.sealrun.test_shared_vectors import COMPUTED

FILE = Path(__file__).with_name("sealrun.json")
P = 0x40000000000000000000000000000000224698FC094CF91B992D30ED00000001
KEYS = [PrivateKey.from_scalar(scalar) for scalar in (11, 12, 13, 14, 15)]
BUYER, SELLER, OPERATOR, ORACLE, ACCOUNT = (key.public_key().to_base58() for key in KEYS)
SIGNERS = {key.public_key().to_base58(): key for key in KEYS}
MINA = tokens.to_base58(tokens.MINA)
TOKEN = tokens.to_base58(tokens.derive_token_id(KEYS[1].public_key()))
NETWORKS = ("mina:devnet", "mina:mainnet")
MAX = str(2**64 - 1)


def terms(**changes: Any) -> dict[str, Any]:
    value = {"network": "mina:devnet", "asset": MINA, "ledger": "7", "seller": SELLER, "operator": OPERATOR}
    word = {} if "keys" in changes else {"oracle": ORACLE}
    return {**value, **word, "operator_share": 250, "exit_delay": 960, **changes}


def price(asset: str, amount: str) -> dict[str, str]:
    return {"asset": asset, "amount": amount}


def call(**changes: Any) -> dict[str, Any]:
    hashes = {"offer_hash": "21", "terms_hash": "22", "inputs_hash": "23"}
    value = {"network": "mina:devnet", "account": ACCOUNT, **hashes, "nonce": str(2**128 - 1)}
    return {**value, "expires_at": "1800000000", **changes}


def receipt(**changes: Any) -> dict[str, Any]:
    names = ("call", "offer", "source", "inputs", "outputs", "profile")
    hashes = {f"{name}_hash": str(31 + at) for at, name in enumerate(names)}
    value = {"network": "mina:devnet", **hashes, "status": 1, "grade": 0, "finished_at": 1_790_000_000}
    return {**value, **changes}


def leaves(prices: list[int]) -> list[dict[str, str]]:
    names = ("index", "call_hash", "receipt_hash", "price_due", "running_total")
    rows = [(at, P - 1 - at, 900 + at, price, sum(prices[: at + 1])) for at, price in enumerate(prices)]
    return [dict(zip(names, map(str, row), strict=True)) for row in rows]


def inputs() -> dict[str, list[dict[str, Any]]]:
    on = {"network": "mina:devnet", "account": ACCOUNT, "asset": MINA}
    both = [price(MINA, MAX), price(TOKEN, "1")]
    right = {"network": "mina:devnet", "account": ACCOUNT, "expires_at": "1800000000"}
    return {
        "text": [{"text": text} for text in ("x", "sealrun:figure2", "mina:mainnet", "y" * 31)],
        "hash": [
            {"tag": "sealrun:due", "fields": ["0", "1", str(P - 1), "3", "4"]},
            {"tag": "t" * 20, "fields": ["5"]},
        ],
        "digest": [{"sha256": digest} for digest in ("ff" * 32, "00" * 16 + "ff" * 16, "01" + "00" * 31)],
        "terms": [
            {"terms": terms()},
            {"terms": terms(network="mina:mainnet", operator_share=10_000, exit_delay=MAX_EXIT_DELAY)},
            {"terms": terms(ledger=str(P - 1), operator_share=0, exit_delay=1)},
            {"terms": terms(asset=TOKEN)},
            {"terms": terms(asset=TOKEN, keys=str(P - 1))},
        ],
        "prices": [{"prices": prices} for prices in ([], [price(MINA, "1")], both)],
        "offer": [
            {"sha256": "5c" * 32, "facts": facts, "prices": prices}
            for facts, prices in (("0", []), ("0", both[:1]), (str(P - 1), both))
        ],
        "call": [call(), call(network="mina:mainnet", nonce="0", offer_hash=str(P - 1))],
        "voucher": [
            {**on, "asset": asset, "limit": limit, "call_hash": str(P - 2), "signer": BUYER}
            for asset, limit in (("", "0"), (MINA, "1"), (TOKEN, MAX))
        ],
        "due": [
            {**on, "asset": asset, "network": network, "due": due, "tree_root": str(P - 3), "count": count}
            | {"signer": ORACLE}
            for asset, network, due, count in (
                (MINA, NETWORKS[0], "1", 1),
                (TOKEN, NETWORKS[1], MAX, 2**20 - 1),
            )
        ],
        "read": [
            {**right, "call_hash": str(P - 4), "service": url, "signer": BUYER}
            for url in ("https://calls.test", "http://127.0.0.1:8080/calls/1?x")
        ],
        "account": [
            {**right, "service": url, "signer": SELLER}
            for url in ("https://calls.test", "HTTPS://Calls.Test.:443/")
        ],
        "calls": [
            {**right, "network": network, "service": url, "signer": BUYER}
            for network, url in zip(
                NETWORKS, ("https://calls.test", "http://127.0.0.1:8080/offers"), strict=True
            )
        ],
        "exit": [
            {**on, "asset": asset, "latest": latest, "signer": BUYER}
            for asset, latest in ((MINA, 0), (TOKEN, 2**32 - 1))
        ],
        "withdraw": [
            {**on, "asset": asset, "network": network, "exit_slot": slot, "amount": amount, "signer": BUYER}
            for asset, network, slot, amount in (
                (MINA, NETWORKS[0], 1, "1"),
                (TOKEN, NETWORKS[1], 2**32 - 1, MAX),
            )
        ],
        "close": [{"network": network, "offer": ACCOUNT, "signer": SELLER} for network in NETWORKS],
        "list": [
            {"network": network, "board": BUYER, "offer": ACCOUNT, "offer_hash": hashed, "url": url}
            | {"signer": SELLER}
            for network, hashed, url in (
                (NETWORKS[0], "1", "https://calls.test/offers/1"),
                (NETWORKS[1], str(P - 1), ""),
            )
        ],
        "receipt": [
            {"data": receipt(), "signer": ORACLE},
            {
                "data": receipt(network="mina:mainnet", status=2, grade=1, outputs_hash=str(P - 1)),
                "signer": ORACLE,
            },
        ],
        "tree": [
            {"leaves": leaves([5]), "index": 0},
            {"leaves": leaves([5, 0, 7, 0, 11]), "index": 4},
            {"leaves": leaves([1] * 8), "index": 3},
        ],
        "facts": [
            {"issuer": issuer, "facts": dict.fromkeys(names, value)}
            for issuer, names in FACTS.items()
            for value in ("1", "a/b@c")
        ],
        "issuer_key": [
            {"issuer": "gitlab", "key": {"kty": "RSA", "n": "_" * 342, "e": "AQAB", "kid": "a"}},
            {"issuer": "github", "key": {"kty": "RSA", "n": "g" * 342, "e": "AQAB", "kid": "b", "x5t": "c"}},
        ],
        "key_root": [{"hashes": hashes} for hashes in (["0"], ["3", "1", "2"], [str(P - 1)] * 3)],
    }


def main() -> None:
    """Compute every result and write the file."""
    found = {
        name: [{**entry, **COMPUTED[name](entry, SIGNERS)} for entry in entries]
        for name, entries in inputs().items()
    }
    FILE.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
