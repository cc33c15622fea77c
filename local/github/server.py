"""The server on one loopback port, with methods by which a test or a demo sets it up.

with GitHubServer(folder) as github:
    repository = github.create_repository("owner/job", folder_of_a_git_repository)
    token = github.create_token(repository)
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from werkzeug import Response

from local.closing import Closing
from local.faults import Faults
from local.github.access import Context
from local.github.api import answer
from local.github.hooks import Hooks
from local.github.runner import Runner
from local.github.store import Hook, Repository, Store, Token, User
from local.gitlab.id_tokens import SigningKey
from local.gitlab.storage import ObjectStorage
from local.loopback import LoopbackServer, Request, json_reply

_MAX_BODY = 4 << 20


class GitHubServer(Closing):
    """A GitHub on 127.0.0.1; use it as a context manager, or call ``close``.

    Logs and archives are served by ``storage``, which is another origin, as at GitHub.
    """

    def __init__(self, folder: Path, *, port: int = 0, workers: int = 2) -> None:
        """Start serving: ``folder`` is for the checkouts and what jobs leave, port 0 takes a free one."""
        self.store, self.faults = Store(folder.resolve()), Faults()
        self._context: Context | None = None
        self._server = LoopbackServer(self._answer, port=port, max_body=_MAX_BODY)
        self.url = self._server.url
        self.hooks = Hooks(self.store, url=self.url, faults=self.faults)
        self.storage = ObjectStorage()
        self._runner = Runner(self.store, url=self.url, workers=workers, changed=self.hooks.changed)
        self._context = Context(
            self.store, self._runner, self.hooks, self.storage, SigningKey(self.store.folder), self.url
        )

    def close(self) -> None:
        """Stop serving, then everything that runs."""
        self._server.close()
        self._runner.close()
        self.hooks.close()
        self.storage.close()

    def create_repository(
        self,
        full_name: str,
        folder: Path,
        *,
        private: bool = True,
        protected_tags: Sequence[str] = ("refs/tags/v*",),
    ) -> Repository:
        """Add a repository over a local one, and its owner."""
        owner = User(self.store.next_id(), full_name.partition("/")[0])
        number, tags = self.store.next_id(), list(protected_tags)
        repository = Repository(number, full_name, str(folder.resolve()), private, owner, tags)
        self.store.repositories[number] = repository
        return repository

    def create_token(
        self, repository: Repository, *, write: bool = True, expires_at: str = "2027-02-01 10:00:00 UTC"
    ) -> Token:
        """Add a fine-grained token of the owner's; ``.value`` is secret."""
        value = f"github_pat_{secrets.token_hex(20)}"
        token = Token(value, repository.owner, repository.id, write, expires_at)
        self.store.tokens.append(token)
        return token

    def add_hook(self, repository: Repository, url: str, *, secret: str) -> int:
        """Add a webhook for ``workflow_run``; its id."""
        hook = Hook(self.store.next_id(), repository.id, url, secret, ("workflow_run",))
        self.store.hooks[hook.id] = hook
        return hook.id

    def cancel_all(self) -> None:
        """Stop every run."""
        for run in list(self.store.runs.values()):
            self._runner.cancel(run)

    def _answer(self, request: Request) -> Response:
        if self._context is None:
            return json_reply(503, {"message": "starting"})
        return answer(self._context, self.faults, request)
