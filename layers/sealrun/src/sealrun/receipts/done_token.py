"""What the last job's CI token says, read before a proof of it is made, which takes minutes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sealrun.errors import Malformed, TokenRefused
from sealrun.offers.facts import FACTS, facts_hash
from sealrun.receipts.job_token import MAX_BYTES, signed_claims
from sealrun.receipts.token_proof import key_hash

_AUDIENCE = r"urn:sealrun:done:[0-3][0-9a-f]{63}:[0-9a-f]{64}"


def claimed_statement(token: bytes, issuer: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The members of ``token.proof.json`` that its proof will have, without the proof.

    Args:
        token: as the job kept it.
        issuer: gitlab or github: which layout the token has.
        keys: the issuer's JSON Web Keys.

    Raises:
        TokenRefused: no key of these signed it, or it does not name a call done.
    """
    if len(token) > MAX_BYTES:
        raise TokenRefused(f"token: expected at most {MAX_BYTES} bytes, got {len(token)}")
    claims, key = signed_claims(token.strip(), keys)
    named = re.fullmatch(_AUDIENCE, str(claims.get("aud")))
    if named is None:
        raise TokenRefused("aud: expected one that names a call done, and its outputs, got another")
    facts = {name: claims.get(name) for name in FACTS[issuer]}
    whole = next(dict(one) for one in keys if one.get("kid") == key["kid"])
    try:
        hashes = {"key": str(key_hash(issuer, whole)), "facts": str(facts_hash(issuer, facts))}
        issued = int(claims["iat"])
    except (Malformed, KeyError, TypeError, ValueError) as error:
        raise TokenRefused(f"token: expected one that can be proved, got {error}"[:300]) from error
    statement = {**hashes, "audience": named[0], "iat": issued}
    return {"sealrun": 1, "issuer": issuer, "statement": statement, "facts": facts}
