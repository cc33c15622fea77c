"""One GitHub for all tests of a folder, with a few repositories; faults are forgotten after each test.

The tests of the local GitHub and those of the adapter import the fixtures into their conftest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.github import GitHubServer
from local.github.store import Repository
from sealrun.providers.github.client import GitHub
from sealrun.transport.http import GuardedClient
from tests.described import DescribedTransport
from tests.outgoing import HttpxClient, Through
from tests.sealrun.providers.github import samples
from tests.sealrun.providers.github.peer import DESCRIBED

WORKFLOWS = {
    "good": samples.HEADER + samples.BUILD + samples.CHECK,
    "failing": samples.HEADER + samples.BUILD + samples.FAILING,
    "waiting": samples.HEADER + samples.WAITING,
}


@dataclass(frozen=True)
class Setting:
    """A server, its repositories by name, and a client that holds all answers against the description."""

    server: GitHubServer
    folders: dict[str, Path]
    client: HttpxClient

    def repository(self, name: str = "good", **options: bool) -> Repository:
        """A new repository over the folder of this name."""
        full_name = f"sealrun/{name}-{self.server.store.next_id()}"
        return self.server.create_repository(full_name, self.folders[name], **options)  # type: ignore[arg-type]

    def open(self, repository: Repository, token: str, *, ref: str = "refs/tags/v1") -> GitHub:
        """The adapter for this repository."""
        return GitHub(
            self.client,
            origin=self.server.url,
            project=repository.full_name,
            workflow="job.yml",
            ref=ref,
            token=token,
            extra_origins=[self.server.storage.url],
        )

    def job(self, name: str = "good", *, ref: str = "refs/tags/v1") -> GitHub:
        """The adapter for a new repository with a token."""
        repository = self.repository(name)
        return self.open(repository, self.server.create_token(repository).value, ref=ref)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("github")
    folders = {name: samples.make_repository(folder / name, text) for name, text in WORKFLOWS.items()}
    with GitHubServer(folder / "server") as server:
        guarded = GuardedClient([server.url, server.storage.url], unsafe_loopback=True)
        described = DescribedTransport(DESCRIBED, Through(guarded), origin=server.url)
        with HttpxClient(transport=described, trust_env=False) as client:
            yield Setting(server, folders, client)


@pytest.fixture
def setting(shared: Setting) -> Iterator[Setting]:
    yield shared
    shared.server.faults.clear()
    shared.server.cancel_all()
