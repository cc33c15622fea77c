"""A CI token counts only if the pinned issuer signed it about this very job of this very call."""

import json
from typing import Any

import pytest

from sealrun.errors import TokenRefused
from sealrun.offers.provider_rules import rules_of
from sealrun.receipts.issuers import issuer_of
from sealrun.receipts.job_token import MAX_BYTES, verify_token
from tests.sealrun.ci_tokens import ISSUER, Mint, base64url, ci_offer, claims, jwk, ran, rsa_key
from tests.sealrun.world import make_offer, offer_value

OFFER = ci_offer()
RAN = ran(OFFER)
_TOKENS = rules_of("gitlab").token
assert _TOKENS is not None
PINNED = _TOKENS.public[ISSUER]
SECRET = b"0" * 64


def test_e2_the_job_s_own_token_holds_and_only_what_concerns_no_person_is_shown() -> None:
    verified = verify_token(Mint()(RAN), [jwk(rsa_key("other"), kid="k0"), jwk()], PINNED, RAN)
    assert (verified.jti, verified.expires_at, verified.personal) == (claims(RAN)["jti"], 4601, False)
    shown = json.loads(verified.document())
    assert shown["key"] == {name: jwk()[name] for name in ("kty", "kid", "n", "e")}
    assert shown["claims"]["job_id"] == "10"
    for name in ("user_login", "user_email", "sub", "project_path", "namespace_path", "jti"):
        assert name not in shown["claims"]


@pytest.mark.parametrize(
    "aud", [f"https://calls.example.org/v1/calls/{RAN.call}", [f"urn:sealrun:call:{RAN.call}"]]
)
def test_the_audience_may_be_the_call_s_url_or_a_list_of_one(aud: Any) -> None:
    assert verify_token(Mint()(RAN, aud=aud) + b"\n", [jwk()], PINNED, RAN).claims["aud"] == aud


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"iss": "https://gitlab.example"}, "iss: expected https://gitlab.com, got https://gitlab.example"),
        ({"iss": None}, "iss: expected https://gitlab.com, got nothing"),
        ({"aud": f"urn:sealrun:call:{'cd' * 32}"}, "aud: expected urn"),
        ({"aud": [f"urn:sealrun:call:{RAN.call}", "https://vault.example"]}, "aud: expected urn"),
        ({"aud": f"http://calls.example.org/calls/{RAN.call}"}, "aud: expected urn"),
        ({"aud": None}, "aud: expected urn"),
        ({"project_id": "43"}, "project_id: expected 42, got 43"),
        ({"pipeline_id": "2"}, "pipeline_id: expected 1, got 2"),
        ({"pipeline_source": "push"}, "pipeline_source: expected api, got push"),
        ({"job_id": "11"}, "job_id: expected 10, got 11"),
        ({"job_id": True}, "job_id: expected 10, got nothing"),
        ({"sha": "2e" * 20}, "sha: expected 1f1f"),
        ({"ref_path": "refs/heads/v1.0.0"}, "ref_path: expected refs/tags/v1.0.0, got refs/heads"),
        ({"ref_protected": "false"}, "ref_protected: expected true, got false"),
        ({"ci_config_sha": None}, "ci_config_sha: expected 1f1f"),
        ({"ci_config_ref_uri": "gitlab.com/group/job//other.yml@refs/tags/v1.0.0"}, "ci_config_ref_uri"),
        ({"user_id": "8"}, "user_id: expected 7, got another"),
        (
            {"runner_environment": "self-hosted"},
            "runner_environment: expected gitlab-hosted, got self-hosted",
        ),
        ({"jti": None}, "jti: expected 8 to 128"),
        ({"jti": "short"}, "jti: expected 8 to 128"),
        ({"iat": 879}, "iat: expected a whole number from 880"),
        ({"iat": 1141}, "iat: expected a whole number from 880 to 1140"),
        ({"exp": 1001}, "exp: expected a whole number from 1002"),
        ({"exp": None}, "exp: expected Unix seconds, got nothing"),
        ({"exp": 1001 + 32 * 24 * 3600}, "exp: expected a whole number"),
        ({"nbf": 1002}, "nbf: expected a whole number"),
    ],
)
def test_e2_a_token_about_anything_else_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(TokenRefused, match=text):
        verify_token(Mint()(RAN, **changes), [jwk()], PINNED, RAN)


def test_e2_another_key_under_the_same_id_is_refused() -> None:
    with pytest.raises(TokenRefused, match="expected the issuer's signature"):
        verify_token(Mint(key=rsa_key("other"))(RAN), [jwk()], PINNED, RAN)


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ([], 0),
        ([jwk(kid="k2")], 0),
        ([jwk(use="enc")], 0),
        ([jwk(alg="PS256")], 0),
        ([jwk(kty="EC")], 0),
        ([jwk(n="AQAB")], 0),
        ([jwk(), jwk(rsa_key("other"))], 2),
    ],
)
def test_e2_only_one_rsa_key_of_the_issuer_s_own_may_have_signed(
    keys: list[dict[str, Any]], count: int
) -> None:
    with pytest.raises(TokenRefused, match=f"got {count} with its id"):
        verify_token(Mint()(RAN), keys, PINNED, RAN)


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "RS384"])
def test_e2_no_other_algorithm_counts(algorithm: str) -> None:
    with pytest.raises(TokenRefused, match="alg: expected one of RS256"):
        verify_token(Mint(algorithm=algorithm)(RAN), [jwk()], PINNED, RAN)


def test_e2_neither_none_nor_a_secret_made_of_the_public_key_counts() -> None:
    unsigned = Mint(key=None, algorithm="none")(RAN) + base64url(b"anything")
    for token in (unsigned, Mint(key=SECRET, algorithm="HS256")(RAN)):
        with pytest.raises(TokenRefused, match="alg: expected one of RS256"):
            verify_token(token, [jwk()], PINNED, RAN)


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "crit", "cty"])
def test_e2_a_header_that_says_where_the_key_is_is_refused(name: str) -> None:
    value: Any = {"jwk": jwk(), "crit": ["exp"]}.get(name, "https://evil.example/keys")
    header = base64url(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "k1", name: value}).encode())
    payload = base64url(json.dumps(claims(RAN)).encode())
    with pytest.raises(TokenRefused, match=f"token header: expected alg, kid, typ, x5t, got also {name}"):
        verify_token(header + b"." + payload + b"." + base64url(b"x" * 256), [jwk()], PINNED, RAN)


def test_e2_a_changed_payload_is_refused() -> None:
    header, payload, signature = Mint()(RAN, job_id="11").split(b".")
    changed = base64url(json.dumps(claims(RAN)).encode())
    assert changed != payload
    with pytest.raises(TokenRefused, match="expected the issuer's signature, got InvalidSignatureError"):
        verify_token(b".".join((header, changed, signature)), [jwk()], PINNED, RAN)


@pytest.mark.parametrize(
    "token", [b"", b"a.b", b"a.b.c.d", b"a=.b.c", b"\xff.b.c", b"e30.e30.e30", b"x" * (MAX_BYTES + 1)]
)
def test_what_is_no_token_is_refused_without_showing_it(token: bytes) -> None:
    with pytest.raises(TokenRefused, match="expected") as refused:
        verify_token(token, [jwk()], PINNED, RAN)
    assert len(refused.value.detail) < 100


def test_a_person_s_token_is_told_from_a_bot_s() -> None:
    for changes in ({"user_login": "jane"}, {"user_login": None}, {"user_identities": [{"provider": "x"}]}):
        assert verify_token(Mint()(RAN, **changes), [jwk()], PINNED, RAN).personal


def test_e2_only_public_issuers_count_and_a_loopback_one_where_that_is_asked_for() -> None:
    def source(origin: str) -> Any:
        return make_offer(source={**offer_value()["source"], "origin": origin}).source

    assert issuer_of(source(ISSUER), unsafe_loopback=False) == PINNED
    for origin in ("https://gitlab.example", "https://gitlab.com:8443", "http://127.0.0.1:80"):
        assert issuer_of(source(origin), unsafe_loopback=False) is None
    loopback = issuer_of(source("http://127.0.0.1:80"), unsafe_loopback=True)
    assert loopback is not None
    assert (loopback.name, loopback.public) == ("http://127.0.0.1:80", False)
    assert issuer_of(source("https://gitlab.example"), unsafe_loopback=True) is None


def test_an_issuer_under_a_path_is_named_with_it() -> None:
    source = {**offer_value()["source"], "origin": "http://127.0.0.1:80", "base_path": "/gitlab"}
    issuer = issuer_of(make_offer(source=source).source, unsafe_loopback=True)
    assert issuer is not None
    assert issuer.name == "http://127.0.0.1:80/gitlab"
    assert issuer.keys_url == "http://127.0.0.1:80/gitlab/oauth/discovery/keys"
