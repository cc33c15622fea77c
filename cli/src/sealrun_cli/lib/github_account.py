"""A seller's GitHub: who a token is, the repository, its tag and workflow, webhooks.

Tag and workflow are looked at by the functions' own adapter, so that ``check`` and the health check agree.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import httpx

from sealrun.errors import ProviderError
from sealrun.offers.source import Source
from sealrun.providers.github import answers
from sealrun.providers.github.client import GitHub
from sealrun.providers.github.kind import api_of, version_of
from sealrun.transport.http import Client, GuardedClient
from sealrun.transport.rest import Rest
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import open_guarded
from sealrun_cli.lib.token_rules import expiry_troubles, user_troubles

# https://docs.github.com/en/rest/overview/resources-in-the-rest-api: when the token that asked expires
_EXPIRES = "github-authentication-token-expiration"
_SECONDS = 60.0


@dataclass(frozen=True)
class Holder:
    """The account that a token belongs to, and when the token expires (an ISO date, empty for never)."""

    user: int
    expires: str


@dataclass(frozen=True)
class RepositoryFacts:
    """A repository as GitHub describes it."""

    full_name: str
    private: bool


@dataclass(frozen=True)
class GitHubAccount:
    """One GitHub, asked with a token; every method raises CliError where GitHub refuses or cannot answer."""

    origin: str  # of the API
    token: str = field(repr=False)

    def holder(self) -> Holder:
        """Whose token it is."""
        with self._rest("token") as rest:
            value, headers = rest.send("GET", f"{api_of(self.origin)}/user")
            return Holder(answers.whole(value, "id"), headers.get(_EXPIRES, "")[:10])

    def repository(self, full_name: str) -> RepositoryFacts:
        """Its name as GitHub spells it, and who sees it."""
        with self._rest("project") as rest:
            repository = rest.get(f"{api_of(self.origin)}/repos/{full_name}")
            return RepositoryFacts(answers.text(repository, "full_name"), repository.get("private") is True)

    def head(self, source: Source) -> str:
        """The commit of the source's tag; empty where there is no tag, or no rule protects it."""
        with self._client() as client, _translated("tag"):
            return self._provider(client, source).head()

    def workflow(self, source: Source) -> str:
        """The path of the source's workflow, which must be active."""
        with self._client() as client, _translated("workflow"):
            return self._provider(client, source).project().configuration

    def add_hook(self, full_name: str, url: str, secret: str) -> None:
        """A webhook for runs, signed with the secret; one of the same URL is replaced."""
        config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        hooks = f"{api_of(self.origin)}/repos/{full_name}/hooks"
        with self._rest("webhook") as rest:
            listed, _ = rest.send("GET", hooks, params={"per_page": "100"})
            body = {"name": "web", "events": ["workflow_run"], "active": True, "config": config}
            rest.send("POST", hooks, json=body)
            for old in answers.objects(listed):
                if answers.one_object(old.get("config")).get("url") == url:
                    rest.send("DELETE", f"{hooks}/{answers.whole(old, 'id')}")

    def _provider(self, client: Client, source: Source) -> GitHub:
        return GitHub(
            client,
            origin=source.url,
            project=source.project,
            workflow=source.workflow,
            ref=source.ref,
            token=self.token,
        )

    @contextmanager
    def _rest(self, what: str) -> Iterator[Rest]:
        credential = {
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": version_of(self.origin),
        }
        check = partial(answers.check, secret=self.token)
        with self._client() as client, _translated(what):
            yield Rest(
                client,
                answers.READER,
                credential=credential,
                check=check,
                clock=time.time,
                origins=[],
                max_stream_seconds=_SECONDS,
            )

    def _client(self) -> GuardedClient:
        """Tokens do not travel in clear; only this machine's own addresses may go without TLS."""
        try:
            return open_guarded([self.origin])
        except (ValueError, httpx.InvalidURL) as error:
            detail = f"origin: expected https://host of GitHub's API, got {self.origin[:100]}"
            raise CliError("bad-request", detail) from error


def github_token_troubles(holder: Holder, user: int, *, today: date) -> Iterator[str]:
    """Why this token must not be sealed for an offer that names this user (R1, R3).

    Not looked at: its permissions, which GitHub does not show; without them GitHub refuses to start a run.
    """
    yield from user_troubles(holder.user, user)
    yield from expiry_troubles(holder.expires, today=today)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except ProviderError as error:
        detail = f"{what}: expected GitHub to say, got: {error.detail}"
        raise CliError("provider", detail, "check origin, project and token, then try again") from error
