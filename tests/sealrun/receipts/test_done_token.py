"""The last job's token, read before minutes are spent on its proof."""

from typing import Any

import jwt
import pytest

from sealrun.errors import TokenRefused
from sealrun.offers.facts import facts_hash
from sealrun.receipts.done_token import claimed_statement
from sealrun.receipts.token_proof import key_hash
from tests.sealrun.ci_tokens import jwk, rsa_key
from tests.sealrun.offers.test_proved import FACTS

CALL, OUTPUTS = "0b" * 32, "cd" * 32
AUDIENCE = f"urn:sealrun:done:{CALL}:{OUTPUTS}"


def token(**changes: Any) -> bytes:
    claims = {**FACTS, "aud": AUDIENCE, "iat": 1_796_000_000, **changes}
    return jwt.encode(claims, rsa_key(), algorithm="RS256", headers={"kid": "k1"}).encode()


def test_it_says_what_its_proof_will_say() -> None:
    found = claimed_statement(token() + b"\n", "gitlab", [jwk()])
    assert found["statement"] == {
        "key": str(key_hash("gitlab", jwk())),
        "audience": AUDIENCE,
        "facts": str(facts_hash("gitlab", FACTS)),
        "iat": 1_796_000_000,
    }
    assert found["facts"] == FACTS


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"aud": f"urn:sealrun:call:{CALL}"}, "aud: expected one that names a call done"),
        ({"aud": f"urn:sealrun:tree:{CALL}:{OUTPUTS}"}, "aud: expected one that names a call done"),
        ({"aud": [AUDIENCE]}, "aud: expected one that names a call done"),
        ({"aud": f"{AUDIENCE}\n"}, "aud: expected one that names a call done"),
        ({"sha": None}, "expected one that can be proved"),
        ({"iat": "soon"}, "expected one that can be proved"),
    ],
)
def test_a_token_that_says_something_else_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(TokenRefused, match=text):
        claimed_statement(token(**changes), "gitlab", [jwk()])


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(TokenRefused, match="expected the issuer's signature"):
        claimed_statement(token(), "gitlab", [{**jwk(rsa_key("other"))}])
