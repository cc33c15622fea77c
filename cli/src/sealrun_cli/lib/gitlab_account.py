"""A seller's GitLab through python-gitlab: who a token is, what it may do, which project, hooks, variables.

What a health check looks at as well (the project's settings, the tag) is asked by the functions' own client.
A token goes to the one origin that it is given for, and is in no message.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import gitlab
import requests

from sealrun.errors import ProviderError
from sealrun.offers.source import Source
from sealrun.providers.gitlab.client import GitLab
from sealrun.transport.failures import reason_of
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import open_guarded, session
from sealrun_cli.lib.service import check_url
from sealrun_cli.lib.token_rules import MAX_TOKEN_DAYS, expiry_troubles, user_troubles

# R1: a token lives no longer.
TIMEOUT_SECONDS = 30
DEFAULT_CONFIGURATION = ".gitlab-ci.yml"
MAX_ERRORS = 10


@dataclass(frozen=True)
class Holder:
    """The account that a token belongs to, and what the token may do."""

    user: int
    token: int
    scopes: tuple[str, ...]
    expires: str  # ISO date, empty for never


@dataclass(frozen=True)
class ProjectFacts:
    """A project as GitLab describes it; None for what it does not show to this caller."""

    id: int
    path: str
    private: bool
    configuration: str | None


@dataclass(frozen=True)
class Lint:
    """GitLab's judgement of a configuration: errors, or the file merged with its includes."""

    errors: tuple[str, ...]
    merged: str
    local: Mapping[str, str]  # the project's own files that it includes, each with the commit it was read at
    head: str = ""  # the default branch's commit, where there are errors: GitLab may list no files then

    @property
    def needs_inputs(self) -> bool:
        """GitLab judged nothing, because an input has no default; the text is from its interpolation."""
        return any("required value has not been provided" in each for each in self.errors)


@dataclass(frozen=True)
class GitLabAccount:
    """One GitLab, asked with a token or anonymously."""

    origin: str
    token: str = field(default="", repr=False)

    @property
    def _client(self) -> gitlab.Gitlab:
        check_url(self.origin, "origin")
        return gitlab.Gitlab(
            self.origin,
            private_token=self.token or None,
            timeout=TIMEOUT_SECONDS,
            keep_base_url=True,
            session=session(),
        )

    def holder(self) -> Holder:
        """Whose token it is, and until when."""
        with _translated("token"):
            token: Any = self._client.personal_access_tokens.get("self")
        return Holder(token.user_id, token.id, tuple(token.scopes), str(token.expires_at or ""))

    def project(self, project: str) -> ProjectFacts:
        """By its id or its full path."""
        with _translated("project"):
            attributes = self._client.projects.get(project).asdict()
        shown = "ci_config_path" in attributes
        return ProjectFacts(
            id=attributes["id"],
            path=attributes["path_with_namespace"],
            private=attributes.get("visibility") == "private",
            configuration=(attributes["ci_config_path"] or DEFAULT_CONFIGURATION) if shown else None,
        )

    @contextmanager
    def opened(self, source: Source, what: str) -> Iterator[GitLab]:
        """The functions' own client for the offer's project, so that ``check`` and the health check agree.

        Raises:
            CliError: GitLab refused, or gave no answer, about ``what``.
        """
        with open_guarded([source.origin]) as client, _refused(what):
            yield GitLab(client, origin=source.url, project=source.project, ref=source.ref, token=self.token)

    def lint(self, project: str, content: str) -> Lint:
        """GitLab's judgement of a configuration in the project, and what it becomes with its includes.

        A static check: it starts nothing and applies no rules. Local files are included as the project's
        default branch has them, not as the tag does.
        """
        with _translated("lint"):
            there = self._client.projects.get(project)
            answer = there.ci_lint.create({"content": content}).asdict()
            head = str(there.commits.get("HEAD").id) if answer.get("errors") else ""
        errors = tuple(str(each)[:200] for each in answer.get("errors") or [])[:MAX_ERRORS]
        local = {
            str(each.get("location")).lstrip("/"): str(each.get("context_sha"))
            for each in answer.get("includes") or []
            if each.get("type") == "local" and each.get("context_project") == there.path_with_namespace
        }
        return Lint(errors, str(answer.get("merged_yaml") or ""), local, head)

    def add_hook(self, project: str, url: str, secret: str) -> None:
        """A webhook for pipelines, signed with the secret; one of the same URL is replaced.

        Raises:
            CliError: GitLab refused, or does not sign: before 19.0 it leaves the secret out without a word.
        """
        with _translated("webhook"):
            hooks = self._client.projects.get(project, lazy=True).hooks
            old = [hook for hook in hooks.list(iterator=True) if hook.url == url]
            named = {"url": url, "signing_token": secret, "pipeline_events": True, "push_events": False}
            made = hooks.create(named)
            if not made.asdict().get("signing_token_present"):
                made.delete()
                detail = "webhook: expected a GitLab that signs deliveries, as from 19.0 on, got another"
                raise CliError("provider", detail)
            for hook in old:
                hook.delete()

    def has_variable(self, project: str, name: str) -> bool:
        """Whether the project has a CI variable of this name, in any environment."""
        with _translated("variables"):
            variables = self._client.projects.get(project, lazy=True).variables
            return any(each.key == name for each in variables.list(iterator=True))

    def set_variable(self, project: str, name: str, secret: str) -> None:
        """Make it a masked, hidden and protected variable; one of the same name is deleted before."""
        flags = {"masked": True, "masked_and_hidden": True, "protected": True, "raw": True}
        with _translated("variables"):
            variables = self._client.projects.get(project, lazy=True).variables
            for each in variables.list(iterator=True):
                if each.key == name:
                    each.delete()
            variables.create({"key": name, "value": secret, **flags})

    def rotate(self, project: str, user: int, *, today: date, days: int = MAX_TOKEN_DAYS) -> str:
        """Revoke the user's token at the provider and get its successor, which belongs to the same user.

        The caller's token is that token itself, or one of a maintainer.
        """
        expires = (today + timedelta(days=days)).isoformat()
        own = self.holder()
        with _translated("token"):
            client = self._client
            if own.user == user:
                return str(client.personal_access_tokens.rotate("self", expires_at=expires)["token"])
            tokens = client.projects.get(project, lazy=True).access_tokens
            theirs = [each for each in tokens.list(iterator=True) if each.user_id == user and each.active]
            if not theirs:
                raise CliError(
                    "token", f"token: expected an active one of user {user}, got none", "make one in GitLab"
                )
            return str(tokens.rotate(theirs[-1].id, expires_at=expires)["token"])


def token_troubles(holder: Holder, user: int, *, today: date) -> Iterator[str]:
    """Why this token must not be sealed for an offer that names this user (R1, R3)."""
    yield from user_troubles(holder.user, user)
    if "api" not in holder.scopes:
        yield f"token: expected the scope api, got {', '.join(holder.scopes) or 'none'}"
    yield from expiry_troubles(holder.expires, today=today)


_ADVICE = {
    401: "give a token of this GitLab that has not expired or been revoked",
    403: "use a project access token with the role Maintainer and the scope api",
    404: "check the origin and the project; a private project needs a token: --token-file",
}


@contextmanager
def _refused(what: str) -> Iterator[None]:
    """The errors of the functions' client."""
    try:
        yield
    except ProviderError as error:
        status = re.search(r"answered ([0-9]{3})", error.detail)
        advice = (
            _ADVICE.get(int(status[1]), "try again later") if status else "check the origin and the network"
        )
        detail = f"{what}: expected GitLab to say, got: {error.detail}"
        raise CliError("provider", detail, advice) from error


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """python-gitlab's errors as ours; GitLab's own words, bounded, and what to do about the common ones."""
    try:
        yield
    except gitlab.GitlabError as error:
        status = error.response_code or 0
        detail = f"{what}: expected GitLab to say, got {status} {str(error.error_message)[:200]}"
        raise CliError("provider", detail, _ADVICE.get(status, "try again later")) from error
    except requests.RequestException as error:
        # Their own text holds the whole address; the words of TLS or the system do not (R11).
        reason = reason_of(error.__context__)
        got = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        detail = f"{what}: expected GitLab to answer, got {got}"
        raise CliError("provider", detail, "check the origin and the network, then try again") from error
