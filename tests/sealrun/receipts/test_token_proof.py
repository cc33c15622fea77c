"""The hashes of a real proof, and of keys that cannot be proved with."""

import json
from pathlib import Path
from typing import Any

import pytest

from mina.field import P
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed
from sealrun.receipts.token_proof import MAX_KEYS, TokenProof, key_hash, key_root, usable_key_hashes

REAL = json.loads((Path(__file__).parents[2] / "vectors" / "token_proof.json").read_text())
(KEY,) = REAL["keys"]


def test_a_real_proof_s_facts_and_key_have_the_hashes_that_were_proved() -> None:
    proof = TokenProof.parse(canonical(REAL["proof"]))
    assert key_hash("gitlab", KEY) == proof.key
    assert proof.audience == ("done", "1f" * 32, "cd" * 32)
    assert (proof.iat, proof.facts["sha"][:4]) == (1_796_000_000, "8fe1")


@pytest.mark.parametrize("says", ["call", "done", "tree"])
def test_a_subject_past_the_fields_order_is_another_text_of_the_same_proof(says: str) -> None:
    """The issuer signed one of them alone, and the program that checks proofs sees one number."""
    other = f"{int('1f' * 32, 16) + P:064x}"
    named = f"urn:sealrun:{says}:{other}" + (":" + "cd" * 32 if says != "call" else "")
    proof = {**REAL["proof"], "statement": {**REAL["proof"]["statement"], "audience": named}}
    with pytest.raises(Malformed, match="64 hex digits each, the first at most 3"):
        TokenProof.parse(canonical(proof))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"e": "Aw"}, "RSA with the exponent 65537"),
        ({"kty": "EC"}, "RSA with the exponent 65537"),
        ({"n": KEY["n"][1:]}, "2048 bits in base64url"),
        ({"n": "A" + KEY["n"][1:]}, "expected 2048 bits"),
        ({"kid": 'a"b'}, "printable text without quotes"),
    ],
)
def test_keys_that_no_token_can_be_proved_with(change: dict[str, Any], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        key_hash("gitlab", {**KEY, **change})
    assert usable_key_hashes("gitlab", [{**KEY, **change}, KEY]) == [key_hash("gitlab", KEY)]


def test_a_github_key_names_its_certificate() -> None:
    with pytest.raises(Malformed, match="x5t"):
        key_hash("github", KEY)


def test_a_root_holds_1_to_16_keys_in_any_order() -> None:
    assert key_root([3, 1, 2]) == key_root([1, 2, 3, 3]) != key_root([1, 2])
    for count in (0, MAX_KEYS + 1):
        with pytest.raises(Malformed, match="expected 1 to 16"):
            key_root(range(1, count + 1))
