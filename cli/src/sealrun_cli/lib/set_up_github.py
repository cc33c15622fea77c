"""``sealrun_cli.lib.set_up.SetUp`` for GitHub, which is asked with a token only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sealrun.offers.offer import Offer
from sealrun.providers.github.kind import KIND
from sealrun_cli.lib.check_github import github_findings
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding
from sealrun_cli.lib.github_account import GitHubAccount, github_token_troubles
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.set_up import Place
from sealrun_cli.lib.vaults import GitHubSecrets


@dataclass(frozen=True)
class GitHubSetUp:
    """One GitHub."""

    account: GitHubAccount
    asks: tuple[str, str] = ("Address of GitHub's API", "Repository, as OWNER/NAME")

    def place(self, project: str) -> Place:
        """The repository as GitHub spells it; GitHub does not know which workflow is sold."""
        if not self.account.token:
            return Place(project, "", private=False)
        facts = self.account.repository(project)
        return Place(facts.full_name, "", facts.private)

    def user(self, wanted: int, *, today: date) -> int:
        """See ``github_token_troubles``."""
        holder = self.account.holder()
        for trouble in github_token_troubles(holder, wanted or holder.user, today=today):
            raise CliError("token", trouble, KIND.credential_advice)
        return holder.user

    def add_hook(self, project: str, url: str, secret: str) -> None:
        """For workflow runs."""
        self.account.add_hook(project, url, secret)

    def findings(self, offer: Offer, clone: Repository, *, today: date) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about repository, tag, workflow and token, as GitHub reports them."""
        return github_findings(offer, self.account.token, today=today)

    def may_rotate(self) -> None:
        """Refused: GitHub has no API for it."""
        detail = "token: expected GitLab, which rotates tokens by its API, got GitHub"
        raise CliError(
            "provider", detail, "revoke it in GitHub's settings, then seal a new one for a new offer"
        )

    def rotate(self, project: str, user: int, *, today: date, days: int) -> str:  # noqa: ARG002
        """Refused."""
        self.may_rotate()
        raise AssertionError

    def vault(self, service: Service, project: str) -> GitHubSecrets:
        """The repository's Actions secrets."""
        return GitHubSecrets(service, project, self.account.token, self.account.origin)


def open_set_up(origin: str, token: str) -> GitHubSetUp:
    """Nothing is asked yet; without an origin it is the public GitHub."""
    return GitHubSetUp(GitHubAccount(origin or KIND.api, token))
