"""PyJWT and joserfc take the same tokens as the circuits, and refuse the same broken ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sealrun.receipts.token_proof import key_hash

FOUND = json.loads((Path(__file__).parents[2] / "vectors" / "jws.json").read_text())
(KEY,) = FOUND["keys"]
TOKENS = {entry["name"]: entry for entry in FOUND["tokens"]}


def by_pyjwt(token: str) -> bytes:
    return bytes(jwt.PyJWS().decode_complete(token, jwt.PyJWK(KEY), algorithms=["RS256"])["payload"])


def by_joserfc(token: str) -> bytes:
    return jws.deserialize_compact(token, RSAKey.import_key(KEY), algorithms=["RS256"]).payload


@pytest.mark.parametrize("peer", [by_pyjwt, by_joserfc])
@pytest.mark.parametrize("name", TOKENS)
def test_peers_take_the_good_tokens_and_refuse_the_broken(name: str, peer: Callable[[str], bytes]) -> None:
    entry: dict[str, Any] = TOKENS[name]
    if entry["good"]:
        assert json.loads(peer(entry["token"]))["iss"] == "https://gitlab.com"
    else:
        with pytest.raises((jwt.PyJWTError, JoseError, ValueError)):
            peer(entry["token"])


def test_the_key_is_one_that_tokens_can_be_proved_with() -> None:
    assert key_hash("gitlab", KEY) > 0
