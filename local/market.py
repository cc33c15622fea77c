"""The steps of seller and operator on the local stack before a call can be bought."""

import base64
import hashlib
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.contract import Contract
from local.gitlab import GitLabServer
from local.gitlab.store import Token
from local.stack import Stack
from mina.keys import PrivateKey
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.adapters.aws.kms import KmsKeys
from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import key_context
from sealrun.workflows.publish_offer import publish_offer

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


@dataclass(frozen=True)
class Market:
    """A stack with its GitLab and its oracle key."""

    stack: Stack
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
        made, secret = put_up(self.stack, self.oracle, offer, token)
        url = f"{self.stack.url}/webhooks/gitlab"
        self.gitlab.add_hook(int(offer.source.project), url, signing_token=secret)
        if contract is not None:
            contract.open(offer, made.sealed, uri=f"{self.stack.url}/offers/{offer.id}")
            self.stack.host.invoke("health", {})
        return secret


def put_up(stack: Stack, oracle: PrivateKey, offer: Offer, token: str) -> tuple[StoredOffer, str]:
    """Give the oracle its key, seal the token and publish; the sealed offer, and a webhook secret."""
    provisioned, aws = stack.provisioned, stack.aws
    keys = KmsKeys(aws.client("kms"), key_id=provisioned.kms_key)
    ledger = DynamoLedger(aws.client("dynamodb"), table=provisioned.table)
    context = key_context("oracle", offer.oracle)
    oracle_key = keys.encrypt(oracle.to_base58().encode(), context=context)
    for function in ("account", "collect"):
        stack.configure(function, {"SEALRUN_ORACLE_KEY": _base64(oracle_key)})
    secret = "whsec_" + _base64(secrets.token_bytes(32))
    made = publish_offer(
        offer, token=token, webhook_secret=secret, ledger=ledger, keys=keys, entropy=secrets.token_bytes
    )
    return made, secret


def pinned_source(repository: Path, commit: str, path: str = ".gitlab-ci.yml") -> dict[str, Any]:
    """The part of an offer's source that pins a commit: its hash, its tree and its CI configuration."""
    tree, file = (
        subprocess.run(["git", "-C", repository, *words], check=True, capture_output=True).stdout
        for words in (["rev-parse", f"{commit}^{{tree}}"], ["show", f"{commit}:{path}"])
    )
    digest = hashlib.sha256(file).hexdigest()
    configuration = {"path": path, "sha256": digest, "includes": []}
    return {"commit": commit, "tree": tree.decode().strip(), "configuration": configuration}


def free_offer(oracle: PrivateKey, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sealrun": 1,
        "kind": "job",
        "title": "A pipeline of this project",
        "network": "mina:devnet",
        "inputs": {"type": "object", "properties": dict(properties), "additionalProperties": False},
        "price": "0",
        "terms": None,
        "oracle": oracle.public_key().to_base58(),
        "access": {"open": True, "keys": []},
        "quota_per_hour": 1000,
        "limits": LIMITS,
        "evidence": EVIDENCE,
    }


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
