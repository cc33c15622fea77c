"""The steps of seller and operator before a call can be bought from a service on this machine."""

import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from local.contract import Contract
from local.gitlab import GitLabServer
from local.gitlab.store import Token
from mina.keys import PrivateKey
from sealrun.encoding.fields import canonical
from sealrun.offers.asset import MINA
from sealrun.offers.offer import FORM, Offer
from sealrun.offers.prices import Price
from sealrun.offers.stored_offer import StoredOffer

EVIDENCE = {
    "inputs": "buyer",
    "outputs": ["*"],
    "log": [],
    "symbols": ["*"],
    "probes": [],
    "token": "buyer",
    "grade": 0,
    "deterministic": True,
}
LIMITS = {"seconds": 600, "log_bytes": 1 << 20, "artifact_bytes": 64 << 20, "files": 20}


class Service(Protocol):
    """Sells offers: ``local.served.Served`` in one process, or ``local.stack.Stack`` as on AWS."""

    url: str  # the public one

    def put_up(self, oracle: PrivateKey, offer: Offer, token: str) -> tuple[StoredOffer, str]:
        """Give the service its oracle's key, seal the token and publish.

        Returns:
            The sealed offer, and a webhook secret.
        """
        ...

    def check_health(self) -> None:
        """Have the service look at its offers now; return when it has."""
        ...


S = TypeVar("S", bound=Service)


@dataclass(frozen=True)
class Market(Generic[S]):
    """A service with its GitLab and its oracle key."""

    stack: S
    gitlab: GitLabServer
    oracle: PrivateKey

    def offer_pipeline(
        self,
        path: str,
        repository: Path,
        *,
        tag: str,
        commit: str,
        properties: Mapping[str, Any],
        **changes: Any,
    ) -> tuple[Offer, Token]:
        """The seller: a project over this repository, a token, and an offer of its pipeline at a tag.

        It is free where ``changes`` name no price.
        """
        project = self.gitlab.create_project(path, repository)
        token = self.gitlab.create_token(project)
        source = {
            "provider": "gitlab",
            "origin": self.gitlab.origin,
            **({"base_path": self.gitlab.base_path} if self.gitlab.base_path else {}),
            "project": str(project),
            "ref": f"refs/tags/{tag}",
            **pinned_source(repository, commit),
            "user": token.user,
        }
        value = {**free_offer(self.oracle, properties), "source": source, **changes}
        return Offer.parse(canonical(value)), token

    def publish(self, offer: Offer, token: str, *, contract: Contract | None = None) -> str:
        """The operator: give the oracle its key, seal the token, publish, add the webhook; its secret.

        With a contract, which the offer must name, the seller then opens it: it carries the sealed token,
        the table holds only the key, and a health check lets the first call in.
        """
        made, secret = self.stack.put_up(self.oracle, offer, token)
        url = f"{self.stack.url}/webhooks/gitlab"
        self.gitlab.add_hook(int(offer.source.project), url, signing_token=secret)
        if contract is not None:
            contract.open(offer, made.sealed, uri=f"{self.stack.url}/offers/{offer.id}")
            self.stack.check_health()
        return secret


def pinned_source(repository: Path, commit: str, path: str = ".gitlab-ci.yml") -> dict[str, Any]:
    """The part of an offer's source that pins a commit: its hash, its tree and its CI configuration."""
    tree, file = (
        subprocess.run(["git", "-C", repository, *words], check=True, capture_output=True).stdout
        for words in (["rev-parse", f"{commit}^{{tree}}"], ["show", f"{commit}:{path}"])
    )
    digest = hashlib.sha256(file).hexdigest()
    configuration = {"path": path, "sha256": digest, "includes": []}
    return {"commit": commit, "tree": tree.decode().strip(), "configuration": configuration}


def in_mina(units: int) -> list[dict[str, Any]]:
    """The prices of an offer that costs so many nanomina."""
    return [Price(MINA.of(units), None).value()]


def free_offer(oracle: PrivateKey, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sealrun": FORM,
        "kind": "job",
        "title": "A pipeline of this project",
        "network": "mina:devnet",
        "inputs": {"type": "object", "properties": dict(properties), "additionalProperties": False},
        "prices": [],
        "terms": None,
        "oracle": oracle.public_key().to_base58(),
        "access": {"open": True, "keys": []},
        "quota_per_hour": 1000,
        "limits": LIMITS,
        "evidence": EVIDENCE,
    }
