"""``sealrun_cli.lib.set_up.SetUp`` for GitLab."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sealrun.offers.offer import Offer
from sealrun.providers.gitlab.kind import KIND
from sealrun_cli.lib.check_gitlab import gitlab_findings
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding
from sealrun_cli.lib.gitlab_account import GitLabAccount, token_troubles
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.set_up import Place
from sealrun_cli.lib.vaults import GitLabVariables

PUBLIC = "https://gitlab.com"


@dataclass(frozen=True)
class GitLabSetUp:
    """One GitLab."""

    account: GitLabAccount
    asks: tuple[str, str] = ("GitLab's address", "Path of the project")

    def place(self, project: str) -> Place:
        """By its id or its path; offers name the id."""
        facts = self.account.project(project)
        return Place(str(facts.id), facts.configuration or "", facts.private, facts.path)

    def user(self, wanted: int, *, today: date) -> int:
        """See ``token_troubles``."""
        holder = self.account.holder()
        for trouble in token_troubles(holder, wanted or holder.user, today=today):
            raise CliError("token", trouble, KIND.credential_advice)
        return holder.user

    def add_hook(self, project: str, url: str, secret: str) -> None:
        """For pipelines."""
        self.account.add_hook(project, url, secret)

    def findings(self, offer: Offer, clone: Repository, *, today: date) -> Iterator[Finding]:
        """Findings about project, tag, file and token, as GitLab reports them."""
        return gitlab_findings(offer, clone, self.account, today=today)

    def may_rotate(self) -> None:
        """GitLab rotates tokens by its API."""

    def rotate(self, project: str, user: int, *, today: date, days: int) -> str:
        """The caller's token is the user's own, or one of a maintainer."""
        return self.account.rotate(project, user, today=today, days=days)

    def vault(self, service: Service, project: str) -> GitLabVariables:  # noqa: ARG002
        """The project's variables."""
        return GitLabVariables(self.account, project)


def open_set_up(origin: str, token: str) -> GitLabSetUp:
    """Nothing is asked yet; without an origin it is the public GitLab."""
    return GitLabSetUp(GitLabAccount(origin or PUBLIC, token))
