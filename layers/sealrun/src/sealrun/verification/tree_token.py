"""A proof of a CI token that names a commit's mirror: the word of a pipeline, and none of ours."""

from collections.abc import Mapping
from typing import NamedTuple

from sealrun.errors import Malformed
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.token_proof import MAX_KEYS, TokenProof, key_root, usable_key_hashes
from sealrun.verification.token_proof import Check


class NamedTree(NamedTuple):
    """A pipeline with these claims said that this commit has this mirror."""

    commit: str  # 40 hex digits
    root: int
    facts: Mapping[str, str]  # the token's pinned claims, for the verifier to compare
    key_root: int
    at: int  # Unix seconds


def named_tree(document: bytes, keys: PinnedKeys, check: Check) -> NamedTree:
    """The tree that the token of a ``token.proof.json`` names.

    Not checked: that the pipeline computes mirrors: read the file that the claims name.

    Raises:
        Malformed: the document is not of its form or names no tree, its key is not among the keys, or the
            proof does not hold or cannot be checked here.
    """
    proof = TokenProof.parse(document)
    says, subject, digest = proof.audience
    if says != "tree" or digest is None or int(subject, 16) >> 160:
        raise Malformed(f"audience: expected urn:sealrun:tree: and a commit of SHA-1, got {says}")
    hashes = usable_key_hashes(proof.issuer, keys.keys)
    if proof.key not in hashes or len(set(hashes)) > MAX_KEYS:
        raise Malformed("the proof's key: expected one of the issuer's keys that you brought, got another")
    held = check(proof)
    if not held:
        got = "no program that checks it" if held is None else "another"
        raise Malformed(f"the proof: expected one that holds for its statement, got {got}")
    return NamedTree(subject[24:], int(digest, 16), proof.facts, key_root(hashes), proof.iat)
