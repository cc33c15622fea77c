"""The steps of seller and operator before a call of a workflow can be bought on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from local.github.server import GitHubServer
from local.github.store import Token
from local.market import S, free_offer, pinned_source
from mina.keys import PrivateKey
from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer


@dataclass(frozen=True)
class GitHubMarket(Generic[S]):
    """A service with a GitHub and its oracle key, which allows the GitHub's storage as artifact origin."""

    stack: S
    github: GitHubServer
    oracle: PrivateKey

    def offer_workflow(
        self, full_name: str, folder: Path, *, path: str, tag: str, commit: str, properties: Mapping[str, Any]
    ) -> tuple[Offer, Token]:
        """The seller: a repository, a token, and a free offer of the workflow at ``path``, at a tag."""
        repository = self.github.create_repository(full_name, folder)
        token = self.github.create_token(repository)
        source = {
            "provider": "github",
            "origin": self.github.url,
            "project": full_name,
            "ref": f"refs/tags/{tag}",
            **pinned_source(folder, commit, path),
            "user": token.user.id,
        }
        return Offer.parse(canonical({**free_offer(self.oracle, properties), "source": source})), token

    def publish(self, offer: Offer, token: str) -> str:
        """The operator: seal the token, publish, add the webhook; its secret."""
        _, secret = self.stack.put_up(self.oracle, offer, token)
        (repository,) = (
            one for one in self.github.store.repositories.values() if one.full_name == offer.source.project
        )
        self.github.add_hook(repository, f"{self.stack.url}/webhooks/github", secret=secret)
        return secret
