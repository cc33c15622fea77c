"""The records of this GitHub, which it keeps in memory until it ends."""

import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class User:
    """A person."""

    id: int
    login: str


@dataclass
class Repository:
    """A repository; its contents are any local git repository."""

    id: int
    full_name: str
    folder: str
    private: bool
    owner: User
    protected_tags: list[str]  # patterns of one ruleset, such as refs/tags/v*
    disabled: set[str] = field(default_factory=set)  # workflow file names


@dataclass
class Token:
    """A fine-grained personal access token for one repository."""

    value: str = field(repr=False)
    user: User
    repository: int
    write: bool
    expires_at: str = ""  # 2026-12-30 10:00:00 UTC
    revoked: bool = False


@dataclass
class Run:
    """One run's first and only attempt; times are Unix seconds, 0.0 where there is none yet."""

    id: int
    number: int
    repository: Repository
    workflow: str  # file name
    workflow_name: str
    ref: str  # full
    sha: str
    title: str
    actor: User
    inputs: dict[str, str]
    status: str = "queued"
    conclusion: str | None = None
    attempt: int = 1
    created_at: float = 0.0
    started_at: float = 0.0
    updated_at: float = 0.0
    request_token: str = field(default="", repr=False)  # for ID tokens; empty where it may not ask for one


@dataclass
class Job:
    """One job of a run."""

    id: int
    run: int
    key: str  # its name in the workflow, behind that of a job that called it, and its matrix
    name: str
    status: str = "queued"
    conclusion: str | None = None
    created_at: float = 0.0
    started_at: float = 0.0
    completed_at: float = 0.0
    lines: list[str] = field(default_factory=list, repr=False)
    attempt: int = 1
    uses: str = ""  # the workflow that it is of, where another one called that


@dataclass(frozen=True)
class Artifact:
    """Something that a run uploaded: an archive, or a single file."""

    id: int
    run: int
    name: str
    file: Path
    size: int
    sha256: str
    created_at: float


@dataclass(frozen=True)
class Hook:
    """A repository's webhook."""

    id: int
    repository: int
    url: str
    secret: str = field(repr=False)
    events: tuple[str, ...]


class Store:
    """All records by id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.repositories: dict[int, Repository] = {}
        self.tokens: list[Token] = []
        self.runs: dict[int, Run] = {}
        self.jobs: dict[int, Job] = {}
        self.artifacts: dict[int, Artifact] = {}
        self.hooks: dict[int, Hook] = {}
        self._last = 7000
        folder.mkdir(parents=True, exist_ok=True)

    def next_id(self) -> int:
        """One sequence for everything: ids of different kinds never meet, so a mix-up shows."""
        with self.lock:
            self._last += 1
            return self._last

    def jobs_of(self, run: int) -> list[Job]:
        """The run's jobs by id."""
        return sorted((job for job in self.jobs.values() if job.run == run), key=lambda job: job.id)

    def artifacts_of(self, run: int) -> list[Artifact]:
        """The run's artifacts by id."""
        return [one for _, one in sorted(self.artifacts.items()) if one.run == run]
