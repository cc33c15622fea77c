"""A CI's issuer for tests: one RSA key, and tokens about the fake provider's jobs."""

import base64
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sealrun.offers.offer import Offer
from sealrun.receipts.job_token import Ran
from tests.sealrun.world import evidence_value, make_offer, offer_value

ISSUER = "https://gitlab.com"


@cache
def rsa_key(_name: str = "first") -> rsa.RSAPrivateKey:
    """The same key for the same name, within one session of tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: rsa.RSAPrivateKey | None = None, **changes: Any) -> dict[str, Any]:
    """The JSON Web Key that belongs to it."""
    found = RSAAlgorithm.to_jwk((key or rsa_key()).public_key(), as_dict=True)
    named = {name: found[name] for name in ("kty", "n", "e")}
    return {**named, "kid": "k1", "use": "sig", "alg": "RS256", **changes}


def ci_offer(**evidence: Any) -> Offer:
    """An offer whose jobs run at the public issuer."""
    source = {**offer_value()["source"], "origin": ISSUER}
    return make_offer(source=source, evidence=evidence_value(**evidence))


def ran(offer: Offer, call: str = "ab" * 32, **changes: Any) -> Ran:
    """The fake provider's first job."""
    values: dict[str, Any] = {
        "run": 1,
        "run_source": "api",
        "created_at": 1000,
        "finished_at": 1020,
        "job": 10,
    }
    return Ran(call, offer.source, **{**values, **changes})


def claims(about: Ran, **changes: Any) -> dict[str, Any]:
    """What GitLab says of the job; a change to None takes the claim out."""
    source = about.source
    values: dict[str, Any] = {
        "iss": ISSUER,
        "aud": f"urn:sealrun:call:{about.call}",
        "iat": about.created_at + 1,
        "nbf": about.created_at - 4,
        "exp": about.created_at + 3601,
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "sub": "project_path:group/job:ref_type:tag:ref:v1.0.0",
        "namespace_id": "72",
        "namespace_path": "group",
        "project_id": source.project,
        "project_path": "group/job",
        "user_id": str(source.user),
        "user_login": f"project_{source.project}_bot_{'0a' * 16}",
        "user_email": "bot@noreply.gitlab.com",
        "pipeline_id": str(about.run),
        "pipeline_source": about.run_source,
        "job_id": str(about.job),
        "ref": source.ref.removeprefix("refs/tags/"),
        "ref_type": "tag",
        "ref_path": source.ref,
        "ref_protected": "true",
        "runner_id": 12270807,
        "runner_environment": "gitlab-hosted",
        "sha": source.commit,
        "project_visibility": "private",
        "ci_config_ref_uri": f"gitlab.com/group/job//{source.configuration.path}@{source.ref}",
        "ci_config_sha": source.commit,
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


@dataclass
class Mint:
    """Signs tokens; what a test changes, it changes here."""

    key: Any = field(default_factory=rsa_key)
    algorithm: str = "RS256"
    headers: dict[str, Any] = field(default_factory=lambda: {"kid": "k1"})

    def __call__(self, about: Ran, **changes: Any) -> bytes:
        made = jwt.encode(claims(about, **changes), self.key, algorithm=self.algorithm, headers=self.headers)
        return made.encode()


def base64url(data: bytes) -> bytes:
    """Without padding, as JSON Web Tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
