"""A token's proof names a commit's mirror only if it holds, under a brought key, in such an audience."""

from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed
from sealrun.offers.facts import facts_hash
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.token_proof import key_hash, key_root
from sealrun.verification.tree_token import named_tree
from tests.sealrun.ci_tokens import jwk
from tests.sealrun.verification.test_token_proof import FACTS

COMMIT, ROOT = "8f" * 20, "2f" * 32
KEYS = PinnedKeys((jwk(),))
Held = bool | None


def document(audience: str = f"urn:sealrun:tree:{'0' * 24}{COMMIT}:{ROOT}", **changes: Any) -> bytes:
    statement = {
        "key": str(key_hash("gitlab", jwk())),
        "audience": audience,
        "facts": str(facts_hash("gitlab", FACTS)),
        "iat": 1_796_000_000,
    }
    members = {"sealrun": 1, "issuer": "gitlab", "facts": FACTS, "proof": "AAAA"}
    return canonical({**members, "statement": {**statement, **changes}})


def test_it_says_commit_root_and_the_pipeline_that_computed_it() -> None:
    tree = named_tree(document(), KEYS, lambda _: True)
    assert (tree.commit, tree.root, tree.at) == (COMMIT, int(ROOT, 16), 1_796_000_000)
    assert dict(tree.facts) == FACTS
    assert tree.key_root == key_root([key_hash("gitlab", jwk())])


@pytest.mark.parametrize(
    ("proof", "text"),
    [
        (document(f"urn:sealrun:done:{'0' * 24}{COMMIT}:{ROOT}"), "audience: expected urn:sealrun:tree:"),
        (document(f"urn:sealrun:call:{'0' * 24}{COMMIT}"), "audience: expected urn:sealrun:tree:"),
        (document(f"urn:sealrun:tree:{'1' * 64}:{ROOT}"), "a commit of SHA-1"),
        (document(key="7"), "expected one of the issuer's keys"),
    ],
)
def test_another_audience_or_key_is_refused(proof: bytes, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        named_tree(proof, KEYS, lambda _: True)


@pytest.mark.parametrize(
    ("keys", "held", "text"),
    [
        (PinnedKeys(()), True, "expected one of the issuer's keys"),
        (KEYS, False, "got another"),
        (KEYS, None, "got no program that checks it"),
    ],
)
def test_a_proof_counts_under_keys_and_where_it_is_checked(keys: PinnedKeys, held: Held, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        named_tree(document(), keys, lambda _: held)
