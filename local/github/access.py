"""Checks who sends a request, and what that token may see and do."""

import secrets
from dataclasses import dataclass

from local.github.hooks import Hooks
from local.github.messages import ApiError, not_found
from local.github.runner import Runner
from local.github.store import Repository, Run, Store, Token
from local.gitlab.id_tokens import SigningKey
from local.gitlab.storage import ObjectStorage
from local.loopback import Request


@dataclass(frozen=True)
class Context:
    """The parts that routes work with."""

    store: Store
    runner: Runner
    hooks: Hooks
    storage: ObjectStorage
    key: SigningKey
    url: str

    def token(self, request: Request) -> Token:
        """The token that came with the request."""
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if not value:
            raise ApiError(401, "Requires authentication")
        for token in self.store.tokens:
            known = secrets.compare_digest(token.value.encode(), value.encode())
            if known and kind.lower() in ("bearer", "token") and not token.revoked:
                return token
        raise ApiError(401, "Bad credentials")

    def repository(self, request: Request, *, write: bool = False) -> Repository:
        """The repository, if the token is for it; upper and lower case do not matter in its name."""
        token, wanted = self.token(request), _full_name(request).lower()
        for repository in self.store.repositories.values():
            if repository.full_name.lower() == wanted and token.repository == repository.id:
                if write and not token.write:
                    raise ApiError(403, "Resource not accessible by personal access token")
                return repository
        raise not_found()

    def run(self, request: Request, *, write: bool = False) -> Run:
        """The repository's run that the path names."""
        return self.run_of(self.repository(request, write=write), request.values_in_path["run"])

    def run_of(self, repository: Repository, number: int) -> Run:
        """The repository's run of this id."""
        run = self.store.runs.get(number)
        if run is None or run.repository.id != repository.id:
            raise not_found()
        return run


def _full_name(request: Request) -> str:
    return f"{request.values_in_path['owner']}/{request.values_in_path['name']}"
