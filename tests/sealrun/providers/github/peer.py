"""GitHub's answers made by hand, each request and answer held against GitHub's own description."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from sealrun.providers.github.client import GitHub
from tests.answers import Answers, reply
from tests.described import Described, DescribedTransport
from tests.outgoing import HttpxClient

HERE = Path(__file__).parent
ORIGIN = "https://api.github.com"
API = "/repos/octo-org/job"
WORKFLOW = f"{API}/actions/workflows/job.yml"
TOKEN = "github_pat_very-secret"
NOW = 1_795_000_000
CALL = "0123456789abcdef" * 4
SHA = "a" * 40
DESCRIBED = Described(HERE / "openapi.json")
EXAMPLES: Mapping[str, Any] = json.loads((HERE / "examples.json").read_bytes())

_RUN = EXAMPLES["workflow-run"]
RUN: Mapping[str, Any] = {
    **_RUN,
    "id": 31,
    "display_title": f"sealrun {CALL}",
    "head_branch": "v1",
    "head_sha": SHA,
    "event": "workflow_dispatch",
    "status": "in_progress",
    "conclusion": None,
    "run_attempt": 1,
    "actor": {**_RUN["actor"], "id": 9},
    "repository": {**_RUN["repository"], "full_name": "octo-org/job"},
    "html_url": "https://github.com/octo-org/job/actions/runs/31",
    "created_at": "2026-11-22T10:00:00Z",
    "run_started_at": "2026-11-22T10:00:01Z",
    "updated_at": "2026-11-22T10:00:09Z",
}
OVER = {**RUN, "status": "completed", "conclusion": "success"}
JOB: Mapping[str, Any] = {
    **EXAMPLES["job"],
    "id": 5,
    "name": "build",
    "run_attempt": 1,
    "runner_name": "r1",
    "created_at": "2026-11-22T10:00:02Z",
    "started_at": "2026-11-22T10:00:03Z",
}
ARTIFACT: Mapping[str, Any] = {
    **EXAMPLES["artifact"], "id": 7, "name": "greeting", "workflow_run": {"id": 31}, "digest": None
}  # fmt: skip
STARTED = {**EXAMPLES["workflow-dispatch-response"], "workflow_run_id": 31}
REPOSITORY: Mapping[str, Any] = {**_RUN["repository"], "full_name": "octo-org/job", "private": True}


class Peer(Answers):
    """The adapter over such answers."""

    def __init__(self, *, described: bool = True, **options: Any) -> None:
        """Without ``described`` the answers are not held against GitHub's description."""
        super().__init__()
        inner = httpx.MockTransport(self.answer)
        held = DescribedTransport(DESCRIBED, inner, origin=ORIGIN)
        self.client = HttpxClient(transport=held if described else inner)
        named = {"origin": ORIGIN, "project": "octo-org/job", "workflow": "job.yml", "ref": "refs/tags/v1"}
        self.github = GitHub(self.client, **{"clock": lambda: NOW, **named, "token": TOKEN, **options})


def listed(name: str, *items: object, total: int | None = None) -> httpx.Response:
    return reply({"total_count": len(items) if total is None else total, name: list(items)})


def refusal(message: str, status: int) -> httpx.Response:
    words = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return reply(words, status)
