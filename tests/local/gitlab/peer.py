"""One GitLab for all tests of a folder, with a few projects; faults are forgotten after each test.

The tests of the local GitLab and those of the adapter import the fixtures into their conftest.

What the adapter asks and what this GitLab answers is held against what GitLab's description says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.gitlab import GitLabServer
from local.gitlab.store import Token
from sealrun.providers.gitlab.client import GitLab
from sealrun.transport.http import Client, GuardedClient
from tests.described import Described, DescribedTransport
from tests.outgoing import HttpxClient, Through
from tests.sealrun.providers.gitlab import samples

DESCRIBED = Described(Path(samples.__file__).with_name("description.json"))

PIPELINES = {
    "good": samples.HEADER + samples.BUILD + samples.CHECK,
    "failing": samples.HEADER + samples.BUILD + samples.FAILING,
    "sleeping": samples.HEADER + samples.BUILD + samples.SLEEPING,
    "waiting": samples.HEADER + samples.WAITING,
    "flaky": samples.HEADER + samples.FLAKY,
    "tokens": samples.HEADER + samples.TOKENS,
    "variables": samples.VARIABLES,
}


@dataclass(frozen=True)
class Setting:
    """A server, its projects by name, and a client that holds all answers against the description.

    ``unchecked`` is for answers that are no GitLab's on purpose.
    """

    server: GitLabServer
    repositories: dict[str, Path]
    client: HttpxClient
    unchecked: Client

    def project(self, name: str = "good", *, public: bool = False, role: str = "developer") -> int:
        """A new project over the repository of this name."""
        path = f"sealrun/{name}-{self.server.store.next_id()}"
        return self.server.create_project(path, self.repositories[name], public=public, variables_role=role)

    def open(
        self, project: int, token: Token, *, use_variables: bool = False, checked: bool = True
    ) -> GitLab:
        """The adapter for this project."""
        return GitLab(
            self.client if checked else self.unchecked,
            origin=self.server.url,
            project=str(project),
            ref="refs/tags/v1",
            token=token.value,
            extra_origins=self.storage_origins,
            use_variables=use_variables,
        )

    def job(self, name: str = "good", *, checked: bool = True) -> GitLab:
        """The adapter for a new project with a project access token."""
        project = self.project(name)
        return self.open(project, self.server.create_token(project), checked=checked)

    @property
    def storage_origins(self) -> list[str]:
        """Where archives come from."""
        return [self.server.storage.url] if self.server.storage else []


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("gitlab")
    repositories = {
        name: samples.make_repository(folder / "repositories" / name, text)
        for name, text in PIPELINES.items()
    }
    with GitLabServer(folder / "server", artifact_redirect=True) as server:
        origins = [server.url, *([server.storage.url] if server.storage else [])]
        with GuardedClient(origins, unsafe_loopback=True) as unchecked:
            described = DescribedTransport(DESCRIBED, Through(unchecked), origin=f"{server.url}/api/v4")
            with HttpxClient(transport=described, trust_env=False) as client:
                yield Setting(server, repositories, client, unchecked)


@pytest.fixture
def setting(shared: Setting) -> Iterator[Setting]:
    yield shared
    shared.server.faults.clear()
    shared.server.cancel_all()
