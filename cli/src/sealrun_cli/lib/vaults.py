"""Where a project keeps secrets for its jobs: GitLab's variables, GitHub's Actions secrets."""

import base64
from dataclasses import dataclass, field
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from sealrun.providers.github.kind import api_of, version_of
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.gitlab_account import GitLabAccount
from sealrun_cli.lib.service import Service, good

NOT_FOUND = 404


@dataclass(frozen=True)
class GitLabVariables:
    """Masked, hidden and protected: for jobs of protected branches and tags only, and never shown again."""

    account: GitLabAccount
    project: str

    def holds(self, name: str) -> bool:
        """True if there is a variable of this name."""
        return self.account.has_variable(self.project, name)

    def put(self, name: str, secret: str) -> None:
        """Make the variable."""
        self.account.set_variable(self.project, name, secret)


@dataclass(frozen=True)
class GitHubSecrets:
    """Sealed to the repository's key before they leave this machine."""

    service: Service
    project: str  # owner/name
    token: str = field(repr=False)
    origin: str  # of the API, or of a GitHub Enterprise Server

    def holds(self, name: str) -> bool:
        """True if there is a secret of this name."""
        answer = self.service.send("GET", self._url(name), headers=self._headers)
        return answer.status_code != NOT_FOUND and bool(_object_of(answer))

    def put(self, name: str, secret: str) -> None:
        """https://docs.github.com/rest/actions/secrets: a libsodium sealed box, base64, with the key's id."""
        key = _object_of(self.service.send("GET", self._url("public-key"), headers=self._headers))
        try:
            sealed = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(secret.encode())
            body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": str(key["key_id"])}
        except (KeyError, TypeError, ValueError, CryptoError) as error:
            raise CliError("provider", "secrets: expected a key to seal to, got none") from error
        answer = self.service.send("PUT", self._url(name), body=body, headers=self._headers)
        if not answer.is_success:
            _object_of(answer)

    def _url(self, name: str) -> str:
        return f"{api_of(self.origin)}/repos/{self.project}/actions/secrets/{name}"

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": version_of(self.origin),
        }


def _object_of(answer: Any) -> dict[str, Any]:
    """The answer's object; GitHub's errors say ``message``."""
    if answer.is_success:
        return good(answer)
    detail = f"secrets: expected GitHub to take it, got {answer.status_code} {answer.text[:200]}"
    raise CliError("provider", detail, "use a token that may write the repository's Actions secrets")
