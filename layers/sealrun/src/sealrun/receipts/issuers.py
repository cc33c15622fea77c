"""Who signs CI tokens, pinned for each provider's origin; nothing of it is ever taken from a token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealrun.offers.source import Source

# https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload, runner_environment, and
# https://docs.github.com/en/actions/reference/security/oidc, runner_environment
HOSTED = {"gitlab": "gitlab-hosted", "github": "github-hosted"}
_LOOPBACK = "http://127.0.0.1:"


@dataclass(frozen=True)
class Issuer:
    """One issuer; a loopback one stands in for a public one on a single machine and counts nowhere else."""

    name: str  # what the token must have as iss
    keys_url: str  # its JSON Web Key Set
    public: bool


@dataclass(frozen=True)
class PinnedKeys:
    """JSON Web Keys of the offer's issuer that a verifier brings along, and holds to be the issuer's."""

    keys: Sequence[Mapping[str, Any]] = ()
    unsafe_loopback: bool = False  # let issuers on http://127.0.0.1 count, for a stack on one machine


_GITHUB = "https://token.actions.githubusercontent.com"
# Where a provider's issuer keeps its keys.
_KEYS = {"gitlab": "/oauth/discovery/keys", "github": "/.well-known/jwks"}
# Whoever runs a self-managed GitLab could sign anything, so only these count for grade 1 (E2). By the
# provider's origin, which for GitHub is that of its API.
PUBLIC = {
    "https://gitlab.com": Issuer(
        "https://gitlab.com", "https://gitlab.com/oauth/discovery/keys", public=True
    ),
    "https://api.github.com": Issuer(_GITHUB, f"{_GITHUB}/.well-known/jwks", public=True),
}


def issuer_of(source: Source, *, unsafe_loopback: bool) -> Issuer | None:
    """The issuer whose tokens count for this source; None where there is none."""
    if source.provider not in _KEYS:
        return None
    if unsafe_loopback and source.origin.startswith(_LOOPBACK):
        return Issuer(source.origin, f"{source.origin}{_KEYS[source.provider]}", public=False)
    return PUBLIC.get(source.origin)
