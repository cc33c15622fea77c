"""A GitHub Enterprise Server: its API is a path of its own host."""

import httpx
import pytest

from sealrun.errors import ProviderRefused, ProviderUnclear
from sealrun.providers.github.client import GitHub
from sealrun.providers.github.kind import api_of
from sealrun.runs.run import Job
from tests.outgoing import HttpxClient
from tests.sealrun.providers.github.peer import ARTIFACT, JOB

CALL = "0123456789abcdef" * 4
ENDED = 1_795_341_900  # 2026-11-22T10:05:00Z


@pytest.mark.parametrize(
    ("origin", "api"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("https://api.octocorp.ghe.com", "https://api.octocorp.ghe.com"),
        ("https://github.example", "https://github.example/api/v3"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_the_api_of_an_origin(origin: str, api: str) -> None:
    assert api_of(origin) == api


def test_every_request_goes_below_the_api() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(404, json={"message": "Not Found"})

    with HttpxClient(transport=httpx.MockTransport(answer)) as client:
        origin, ref = "https://github.example", "refs/tags/v1"
        github = GitHub(client, origin=origin, project="a/b", workflow="job.yml", ref=ref, token="t")
        for ask in (github.head, github.project, lambda: github.read(7), lambda: github.jobs(7)):
            with pytest.raises(ProviderRefused):
                ask()
    assert asked
    assert all(path.startswith("/api/v3/repos/a/b") for path in asked)


def test_r3_a_start_that_is_answered_without_an_id_is_found_by_its_name() -> None:
    """Before release 3.21 a server only knows the older API, which answers a start with 204."""
    asked: list[httpx.Request] = []
    found = {
        "id": 7, "run_attempt": 1, "display_title": f"sealrun {CALL}", "name": "job", "head_branch": "v1",
        "head_sha": "a" * 40, "event": "workflow_dispatch", "status": "queued", "conclusion": None,
        "html_url": "https://github.example/a/b/actions/runs/7", "created_at": "2026-11-22T10:00:00Z",
        "updated_at": "2026-11-22T10:00:00Z", "run_started_at": "2026-11-22T10:00:00Z",
        "actor": {"id": 9}, "triggering_actor": {"id": 9}, "repository": {"full_name": "a/b"},
    }  # fmt: skip

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "POST":
            return httpx.Response(204)
        return httpx.Response(200, json={"total_count": 1, "workflow_runs": [found]})

    with HttpxClient(transport=httpx.MockTransport(answer)) as client:
        origin, ref = "https://github.example", "refs/tags/v1"
        github = GitHub(client, origin=origin, project="a/b", workflow="job.yml", ref=ref, token="t")
        with pytest.raises(ProviderUnclear, match="did not say which; it is found by its name"):
            github.start(name=CALL, inputs={})
        assert [run.id for run in github.find(CALL, since=1_795_000_000)] == [7]
    assert {request.headers["x-github-api-version"] for request in asked} == {"2022-11-28"}


def _jobs(archives: list[object], *, now: int, origin: str = "https://github.example") -> list[Job]:
    """Of a run that ended at ``ENDED``."""
    listed: dict[str, list[object]] = {
        "jobs": [{**JOB, "completed_at": "2026-11-22T10:05:00Z"}],
        "artifacts": archives,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json={"total_count": len(listed[name]), name: listed[name]})

    with HttpxClient(transport=httpx.MockTransport(answer)) as client:
        github = GitHub(
            client,
            origin=origin,
            project="a/b",
            workflow="job.yml",
            ref="refs/tags/v1",
            token="t",
            clock=lambda: now,
        )
        return github.jobs(31)


@pytest.mark.parametrize("archives", [[], [ARTIFACT]])
def test_r9_an_own_server_lists_archives_some_time_after_the_runs_end(archives: list[object]) -> None:
    """A good run was paid, and told as one that left nothing."""
    for early in (ENDED - 100, ENDED, ENDED + 29):  # a clock of ours may be behind
        with pytest.raises(ProviderUnclear, match="archives: expected to ask"):
            _jobs(archives, now=early)
    for late in (ENDED + 30, ENDED - 9999):  # and nothing waits for a server's clock that is far ahead
        assert len(_jobs(archives, now=late)) == 1 + len(archives)
    assert len(_jobs(archives, now=ENDED - 3, origin="https://api.github.com")) == 1 + len(archives)
