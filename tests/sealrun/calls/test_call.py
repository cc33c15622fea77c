"""The hash of a call, which its buyer's voucher names."""

from dataclasses import replace
from typing import Any

from mina import tokens
from sealrun.offers.terms import Terms
from tests.sealrun.world import SELLER, make_offer, sign_call, terms_value

CALL = sign_call(make_offer()).call


def test_a4_whatever_a_call_names_changes_its_hash() -> None:
    changes: list[dict[str, Any]] = [
        {"network": "mina:mainnet"},
        {"account": SELLER.public_key()},
        {"inputs": {**CALL.inputs, "layer": "another"}},
        {"salt": "cd" * 32},
        {"reads": ("0b" * 32,)},
        *({name: getattr(CALL, name) + 1} for name in ("offer_hash", "terms_hash", "nonce", "expires_at")),
    ]
    hashes = {replace(CALL, **change).hash for change in changes}
    assert len(hashes | {CALL.hash}) == len(changes) + 1


def test_a14_one_call_is_not_paid_in_two_assets() -> None:
    """One address can hold an account in each: the terms name the asset, and the call names the terms."""
    terms = [Terms.parse(terms_value(asset=tokens.to_base58(asset))) for asset in (7, 8)]
    first, second = (replace(CALL, terms_hash=each.hash, asset=each.asset.token) for each in terms)
    assert first.hash != second.hash
