"""A token of GitHub's counts only if GitHub signed it about this very run of this very call."""

import json
from typing import Any

import jwt
import pytest

from sealrun.errors import TokenRefused
from sealrun.offers.provider_rules import rules_of
from sealrun.receipts.issuers import issuer_of
from sealrun.receipts.job_token import Ran, Verified, verify_token
from tests.sealrun.ci_tokens import ISSUER, jwk, rsa_key
from tests.sealrun.world import COMMIT, make_offer, offer_value

ORIGIN = "https://api.github.com"
GITHUB = "https://token.actions.githubusercontent.com"
_TOKENS = rules_of("github").token
assert _TOKENS is not None
PINNED = _TOKENS.public[ORIGIN]
FILE = ".github/workflows/job.yml"
REF = "refs/tags/v1.0.0"
_MORE = {"configuration": {"path": FILE, "sha256": "4b" * 32, "includes": []}}
SOURCE = {**offer_value()["source"], "provider": "github", "origin": ORIGIN, "project": "octo/job", **_MORE}
OFFER = make_offer(source=SOURCE)
RAN = Ran("ab" * 32, OFFER.source, 31, "workflow_dispatch", 1000, 1020, 7)
# https://docs.github.com/en/actions/reference/security/oidc: every claim of the example there.
CLAIMS: dict[str, Any] = {
    "jti": "b4f3c1c9-0001-4a2a-9a5e-000000000001",
    "sub": f"repo:octo/job:ref:{REF}",
    "environment": "prod",
    "aud": f"urn:sealrun:call:{RAN.call}",
    "ref": REF,
    "sha": COMMIT,
    "repository": "octo/job",
    "repository_owner": "octo",
    "actor_id": "7",
    "repository_visibility": "private",
    "repository_id": "74",
    "repository_owner_id": "65",
    "run_id": "31",
    "run_number": "10",
    "run_attempt": "1",
    "runner_environment": "github-hosted",
    "actor": "octocat",
    "workflow": "job",
    "workflow_ref": f"octo/job/{FILE}@{REF}",
    "workflow_sha": COMMIT,
    "head_ref": "",
    "base_ref": "",
    "event_name": "workflow_dispatch",
    "ref_type": "tag",
    "job_workflow_ref": f"octo/job/{FILE}@{REF}",
    "job_workflow_sha": COMMIT,
    "check_run_id": "5",
    "iss": GITHUB,
    "iat": 1001,
    "nbf": 401,
    "exp": 1301,
}
HEADER = {"kid": "k1", "x5t": "thumbprint"}


def verified(headers: dict[str, Any] = HEADER, **changes: Any) -> Verified:
    made = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    token = jwt.encode(made, rsa_key(), algorithm="RS256", headers=headers)
    return verify_token(token.encode(), [jwk()], PINNED, RAN)


def test_e2_the_runs_own_token_holds_and_only_what_concerns_no_person_is_shown() -> None:
    found = verified()
    assert (found.jti, found.expires_at, found.personal) == (CLAIMS["jti"], 1301, True)
    shown = json.loads(found.document())["claims"]
    assert (shown["run_id"], shown["repository_id"], shown["runner_environment"]) == (
        "31",
        "74",
        "github-hosted",
    )
    for name in ("actor", "repository", "repository_owner", "workflow_ref", "sub", "ref", "jti"):
        assert name not in shown


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"iss": ISSUER}, f"iss: expected {GITHUB}"),
        ({"aud": "https://github.com/octo"}, "aud: expected urn"),
        ({"repository": "octo/other"}, "repository: expected octo/job, got octo/other"),
        ({"run_id": "32"}, "run_id: expected 31, got 32"),
        ({"run_attempt": "2"}, "run_attempt: expected 1, got 2"),
        ({"event_name": "push"}, "event_name: expected workflow_dispatch, got push"),
        ({"sha": "2e" * 20}, "sha: expected 1f1f"),
        ({"ref": "refs/heads/v1.0.0"}, "ref: expected refs/tags/v1.0.0"),
        ({"workflow_ref": f"octo/job/.github/workflows/b.yml@{REF}"}, "workflow_ref: expected octo/job"),
        ({"workflow_sha": None}, "workflow_sha: expected 1f1f"),
        ({"actor_id": "8"}, "actor_id: expected 7, got another"),
        ({"runner_environment": "self-hosted"}, "expected github-hosted, got self-hosted"),
        ({"iat": 1200}, "iat: expected a whole number"),
        ({"nbf": 100}, "nbf: expected a whole number"),
        ({"exp": 900}, "exp: expected a whole number"),
    ],
)
def test_e2_a_token_about_anything_else_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(TokenRefused, match=text):
        verified(**changes)


@pytest.mark.parametrize("header", [{"jku": "https://evil.example"}, {"x5c": ["x"]}, {"crit": ["x"]}])
def test_e2_no_other_header_than_the_thumbprint_is_let_be(header: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused, match="token header"):
        verified(headers={**HEADER, **header})


def test_e2_githubs_issuer_is_pinned_and_counts_for_githubs_api_alone() -> None:
    pinned = issuer_of(OFFER.source, unsafe_loopback=False)
    assert pinned is not None
    assert (pinned.name, pinned.keys_url, pinned.public) == (GITHUB, f"{GITHUB}/.well-known/jwks", True)
    for changes in ({"origin": "https://github.example"}, {"provider": "forgejo"}):
        other = make_offer(source={**SOURCE, **changes}).source
        assert issuer_of(other, unsafe_loopback=True) is None
    loopback = make_offer(source={**SOURCE, "origin": "http://127.0.0.1:9"}).source
    assert issuer_of(loopback, unsafe_loopback=False) is None
    local = issuer_of(loopback, unsafe_loopback=True)
    assert local is not None
    assert not local.public
