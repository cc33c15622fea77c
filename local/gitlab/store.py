"""The records of this GitLab, kept in one JSON file so that it can go on after a restart."""

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class User:
    """A person, or the bot behind a project access token."""

    id: int
    username: str
    bot: bool = False


@dataclass
class Project:
    """A project; its repository is any local git repository."""

    id: int
    path: str
    repository: str
    public: bool
    owner: int
    protected_tags: list[str]
    build_timeout: int
    # https://docs.gitlab.com/ci/variables/#restrict-pipeline-variables
    variables_role: str
    ci_config_path: str | None = None
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Token:
    """A personal or project access token, or a trigger token; ``expires_at`` is an ISO date or empty."""

    id: int
    value: str
    trigger: bool
    user: int
    project: int  # 0: a personal token of its user
    scopes: list[str]
    expires_at: str
    revoked: bool = False

    def __repr__(self) -> str:
        """Without the value."""
        return f"Token(id={self.id}, user={self.user}, project={self.project})"


@dataclass
class Pipeline:
    """One run; times are Unix seconds, 0.0 where there is none yet."""

    id: int
    iid: int
    project: int
    ref: str  # short, as GitLab tells it
    tag: bool
    sha: str
    source: str
    user: int
    name: str
    inputs: dict[str, Any]
    variables: dict[str, str]
    status: str = "created"
    created_at: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0
    parent: int = 0  # the pipeline that started this one as its child


@dataclass
class Job:
    """One attempt of one job; a bridge is a job that starts another pipeline."""

    id: int
    pipeline: int
    project: int
    name: str
    stage: str
    when: str
    allow_failure: bool
    timeout: float
    status: str = "created"
    failure_reason: str = ""
    exit_code: int | None = None
    retried: bool = False
    bridge: bool = False
    downstream: int = 0  # the pipeline that a bridge started
    created_at: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0


@dataclass
class Hook:
    """A project's webhook."""

    id: int
    project: int
    url: str
    token: str
    signing_token: str
    pipeline_events: bool
    job_events: bool

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Hook(id={self.id}, url={self.url!r})"


_KINDS = {
    "users": User,
    "projects": Project,
    "tokens": Token,
    "pipelines": Pipeline,
    "jobs": Job,
    "hooks": Hook,
}


class Store:
    """All records by id; take ``lock`` around any change and ``save`` after it."""

    def __init__(self, folder: Path) -> None:
        """Open the folder and read the records that an earlier server left there."""
        self.folder = folder
        self.lock = threading.RLock()
        self.users: dict[int, User] = {}
        self.projects: dict[int, Project] = {}
        self.tokens: dict[int, Token] = {}
        self.pipelines: dict[int, Pipeline] = {}
        self.jobs: dict[int, Job] = {}
        self.hooks: dict[int, Hook] = {}
        self._last = 100
        self._file = folder / "state.json"
        folder.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            self._load()

    def next_id(self) -> int:
        """One sequence for everything: ids of different kinds never meet, so a mix-up shows."""
        with self.lock:
            self._last += 1
            return self._last

    def save(self) -> None:
        """Write everything; the file is replaced as a whole."""
        with self.lock:
            state = {kind: [asdict(record) for record in self._of(kind).values()] for kind in _KINDS}
            text = json.dumps({"last": self._last, **state})
            part = self._file.with_suffix(".part")
            part.write_text(text)
            part.replace(self._file)

    def jobs_of(self, pipeline: int, *, retried: bool) -> list[Job]:
        """The pipeline's jobs, the newest first as GitLab lists them."""
        with self.lock:
            jobs = [job for job in self.jobs.values() if job.pipeline == pipeline]
        return sorted((job for job in jobs if retried or not job.retried), key=lambda job: -job.id)

    def clone_of(self, pipeline: int) -> Path:
        """Where the pipeline's checkout is and its jobs run."""
        return self.folder / "pipelines" / str(pipeline)

    def files_of(self, job: int) -> Path:
        """Where the job's log and archive are kept once it is over."""
        return self.folder / "jobs" / str(job)

    def _of(self, kind: str) -> dict[int, Any]:
        records: dict[int, Any] = getattr(self, kind)
        return records

    def _load(self) -> None:
        state = json.loads(self._file.read_text())
        self._last = state["last"]
        for kind, record in _KINDS.items():
            self._of(kind).update({values["id"]: record(**values) for values in state[kind]})
        for pipeline in self.pipelines.values():
            if pipeline.status in ("created", "pending", "running"):
                pipeline.status = "failed"  # its runner is gone
        for job in self.jobs.values():
            if job.status in ("created", "pending", "running"):
                job.status, job.failure_reason = "failed", "runner_system_failure"
