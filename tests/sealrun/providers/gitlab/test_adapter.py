"""The GitLab provider against answers made by hand: what is sent, what is read, which error comes of what."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sealrun.errors import ProviderBusy, ProviderError, ProviderRefused, ProviderUnclear
from sealrun.providers.gitlab.answers import STATUSES
from sealrun.providers.gitlab.client import GitLab
from sealrun.runs.run import Job, JobResult, Run, RunStatus
from sealrun.transport.failures import Blocked
from tests.answers import Answers, reply
from tests.outgoing import HttpxClient
from tests.sealrun.providers.gitlab.conftest import DESCRIBED
from tests.sealrun.providers.gitlab.samples import CALL

if TYPE_CHECKING:
    from sealrun.ports.provider import Provider

ORIGIN = "https://gitlab.example"
API = "/api/v4/projects/42"
TOKEN = "glpat-very-secret"
TRIGGER = "glptt-very-secret"
NOW = 1_795_000_000
DETAIL: dict[str, Any] = {
    "id": 31,
    "iid": 3,
    "project_id": 42,
    "name": f"sealrun {CALL}",
    "ref": "v1",
    "tag": True,
    "sha": "a" * 40,
    "source": "api",
    "status": "running",
    "user": {"id": 9, "username": "bot"},
    "web_url": f"{ORIGIN}/group/job/-/pipelines/31",
    "created_at": "2026-11-22T10:00:00.900Z",
    "started_at": "2026-11-22T11:00:01.000+01:00",
    "finished_at": None,
}
CREATED = {key: value for key, value in DETAIL.items() if key != "name"}
JOB: dict[str, Any] = {"id": 5, "name": "build", "stage": "build", "status": "success"}


class Peer(Answers):
    """The adapter over such answers; each request is held against GitLab's description."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.client = HttpxClient(transport=httpx.MockTransport(self.answer))
        options = {"origin": ORIGIN, "project": "42", "ref": "refs/tags/v1", "token": TOKEN, **options}
        self.gitlab = GitLab(self.client, clock=lambda: NOW, **options)

    def answer(self, request: httpx.Request) -> httpx.Response:
        # /trigger_jobs is newer than the description.
        if request.url.path.startswith("/api/v4/") and not request.url.path.endswith("/trigger_jobs"):
            DESCRIBED.check_request(request)
        return super().answer(request)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.client.close()


def test_it_is_a_provider(peer: Peer) -> None:
    provider: Provider = peer.gitlab
    assert provider is peer.gitlab


def test_a_start_sends_ref_and_inputs_and_reads_the_run(peer: Peer) -> None:
    peer.on("POST", f"{API}/pipeline", reply(CREATED, 201))
    peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
    run = peer.gitlab.start(name=CALL, inputs={"level": 3, "dry": False, "note": "x"})
    assert run == Run(
        id=31,
        project="42",
        name=f"sealrun {CALL}",
        ref="refs/tags/v1",
        sha="a" * 40,
        source="api",
        user=9,
        status=RunStatus.RUNNING,
        url=f"{ORIGIN}/group/job/-/pipelines/31",
        created_at=1795341600,
        started_at=1795341601,
        finished_at=0,
    )
    assert json.loads(peer.requests[0].content) == {
        "ref": "refs/tags/v1",
        "inputs": {"level": 3, "dry": False, "note": "x", "sealrun_call": CALL},
    }
    assert [request.headers["private-token"] for request in peer.requests] == [TOKEN, TOKEN]


def test_a_trigger_token_goes_in_the_body_and_nowhere_else() -> None:
    peer = Peer(token=TRIGGER)
    peer.on("POST", f"{API}/trigger/pipeline", reply(CREATED, 201))
    peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
    peer.gitlab.start(name=CALL, inputs={"level": 3})
    assert json.loads(peer.requests[0].content) == {
        "token": TRIGGER,
        "ref": "refs/tags/v1",
        "inputs": {"level": 3, "sealrun_call": CALL},
    }
    assert all("private-token" not in request.headers for request in peer.requests)
    assert all(TRIGGER not in str(request.url) for request in peer.requests)


@pytest.mark.parametrize(
    ("token", "path", "variables"),
    [
        (TOKEN, "/pipeline", [{"key": "level", "value": "3"}, {"key": "sealrun_call", "value": CALL}]),
        (TRIGGER, "/trigger/pipeline", {"level": "3", "sealrun_call": CALL}),
    ],
)
def test_variables_are_sent_only_where_they_were_chosen(token: str, path: str, variables: object) -> None:
    peer = Peer(token=token, use_variables=True)
    peer.on("POST", f"{API}{path}", reply(CREATED, 201))
    peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
    peer.gitlab.start(name=CALL, inputs={"level": 3})
    body = json.loads(peer.requests[0].content)
    assert body["variables"] == variables
    assert "inputs" not in body


def test_the_refusal_of_variables_is_named_with_what_helps() -> None:
    peer = Peer(use_variables=True)
    words = {"message": {"base": ["Insufficient permissions to set pipeline variables"]}}
    peer.on("POST", f"{API}/pipeline", reply(words, 400))
    with pytest.raises(ProviderRefused, match=r"Insufficient permissions.*minimum_override_role.*inputs"):
        peer.gitlab.start(name=CALL, inputs={})


def test_an_input_cannot_take_the_place_of_the_call_hash(peer: Peer) -> None:
    with pytest.raises(ProviderRefused, match="expected none named sealrun_call"):
        peer.gitlab.start(name=CALL, inputs={"sealrun_call": "x"})
    assert peer.requests == []


def test_r3_a_run_that_started_but_cannot_be_read_is_unclear(peer: Peer) -> None:
    peer.on("POST", f"{API}/pipeline", reply(CREATED, 201))
    peer.on("GET", f"{API}/pipelines/31", reply({"message": "404 Not found"}, 404))
    with pytest.raises(ProviderUnclear, match="run 31 was started"):
        peer.gitlab.start(name=CALL, inputs={})


UNCLEAR = [
    reply({"message": "500 Internal Server Error"}, 500),
    httpx.Response(502, content=b"<html>Bad Gateway"),
    reply({}, 503, retry_after="5"),
    reply({}, 408),
    httpx.ReadTimeout("late"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("closed"),
    httpx.Response(201, content=b"<html>"),
    httpx.Response(201, content=b""),
    httpx.Response(201, content=b"[" * 100_000),
    httpx.Response(201, content=b" " * (5 << 20)),
    httpx.Response(201, content=b"{}", headers={"content-encoding": "br"}),
    reply([], 201),
    reply({"id": "31"}, 201),
    reply({"id": True}, 201),
]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_r3_an_unclear_answer_to_a_start_is_unclear_and_never_sent_again(
    peer: Peer, answer: httpx.Response | Exception
) -> None:
    peer.on("POST", f"{API}/pipeline", answer)
    with pytest.raises(ProviderUnclear):
        peer.gitlab.start(name=CALL, inputs={})
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
)
def test_r3_a_connection_that_never_was_started_nothing(peer: Peer, error: Exception) -> None:
    peer.on("POST", f"{API}/pipeline", error)
    with pytest.raises(ProviderBusy, match="nothing was sent"):
        peer.gitlab.start(name=CALL, inputs={})
    assert len(peer.requests) == 1


def test_l9_a_blocked_address_started_nothing(peer: Peer) -> None:
    peer.on("POST", f"{API}/pipeline", Blocked("host: expected a public address, got another"))
    with pytest.raises(ProviderRefused, match="public address"):
        peer.gitlab.start(name=CALL, inputs={})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"message": "404 Project Not Found"}, "404 Project Not Found"),
        ({"message": {"base": ["Reference not found"]}}, "Reference not found"),
        ({"message": {"ref": ["is bad", "is long"], "sha": ["no"]}}, "ref: is bad, is long; sha: no"),
        ({"error": "ref is missing"}, "ref is missing"),
        ({"error": "invalid_token", "error_description": "Token is expired."}, "Token is expired."),
        ({"message": "a\nb\x1b[31mc"}, "a b [31mc"),
        ({}, "no reason given"),
        ([], "no reason given"),
        ("text", "no reason given"),
    ],
)
def test_a_refusal_is_told_in_gitlabs_words(peer: Peer, status: int, value: object, words: str) -> None:
    peer.on("POST", f"{API}/pipeline", reply(value, status))
    with pytest.raises(ProviderRefused) as refused:
        peer.gitlab.start(name=CALL, inputs={})
    assert refused.value.detail == f"gitlab answered {status}: {words}"


def test_a_redirect_of_an_api_answer_is_a_refusal(peer: Peer) -> None:
    peer.on("POST", f"{API}/pipeline", httpx.Response(302, headers={"location": "https://evil.example"}))
    with pytest.raises(ProviderRefused, match="answered 302"):
        peer.gitlab.start(name=CALL, inputs={})
    assert len(peer.requests) == 1


def test_long_words_are_cut_and_the_token_is_taken_out(peer: Peer) -> None:
    peer.on("POST", f"{API}/pipeline", reply({"message": f"no {TOKEN} " + "x" * 9000}, 403))
    with pytest.raises(ProviderRefused) as refused:
        peer.gitlab.start(name=CALL, inputs={})
    assert TOKEN not in refused.value.detail
    assert "no [token] xxx" in refused.value.detail
    assert len(refused.value.detail) < 400


@pytest.mark.parametrize("token", [TOKEN, TRIGGER])
def test_the_token_is_in_no_repr_and_no_error(token: str) -> None:
    peer = Peer(token=token)
    assert token not in repr(peer.gitlab)
    assert token not in str(peer.gitlab)
    peer.on("POST", f"{API}/pipeline", httpx.ReadTimeout(token))
    peer.on("POST", f"{API}/trigger/pipeline", httpx.ReadTimeout(token))
    with pytest.raises(ProviderUnclear) as unclear:
        peer.gitlab.start(name=CALL, inputs={})
    assert token not in f"{unclear.value!r}{unclear.value}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "999999"}, 600),
        ({"retry-after": "1.5"}, 2),
        ({"retry-after": format_datetime(datetime.fromtimestamp(NOW + 44, UTC), usegmt=True)}, 44),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 1),
        ({"retry-after": "Wed, 41 Oct 2015"}, 30),
        ({"ratelimit-reset": str(NOW + 45)}, 45),
        ({"ratelimit-reset": str(NOW - 45)}, 1),
        ({"retry-after": "-5", "ratelimit-reset": "x"}, 30),
        ({}, 30),
    ],
)
def test_r3_a_429_says_how_long_to_wait(peer: Peer, headers: dict[str, str], seconds: int) -> None:
    peer.on("POST", f"{API}/pipeline", httpx.Response(429, content=b"Retry later\n", headers=headers))
    with pytest.raises(ProviderBusy) as busy:
        peer.gitlab.start(name=CALL, inputs={})
    assert busy.value.retry_after == seconds
    assert len(peer.requests) == 1


def test_r3_gitlabs_own_limit_of_pipelines_comes_as_a_400_and_is_busy(peer: Peer) -> None:
    words = "Too many pipelines created in the last minute. Try again later."
    peer.on("POST", f"{API}/pipeline", reply({"message": {"base": [words]}}, 400))
    with pytest.raises(ProviderBusy) as busy:
        peer.gitlab.start(name=CALL, inputs={})
    assert busy.value.retry_after == 60


def test_r3_a_gitlab_in_maintenance_comes_as_a_403_and_is_busy(peer: Peer) -> None:
    words = "You cannot perform write operations on a read-only instance"
    peer.on("POST", f"{API}/pipeline", reply({"message": words}, 403))
    with pytest.raises(ProviderBusy) as busy:
        peer.gitlab.start(name=CALL, inputs={})
    assert busy.value.retry_after > 0
    assert len(peer.requests) == 1


@pytest.mark.parametrize("first", [httpx.ReadError("reset"), httpx.Response(500), httpx.Response(200)])
def test_a_get_is_asked_once_more_and_no_more(peer: Peer, first: httpx.Response | Exception) -> None:
    peer.on("GET", f"{API}/pipelines/31", first, reply(DETAIL))
    assert peer.gitlab.read(31).id == 31
    peer.on("GET", f"{API}/pipelines/31", first, first, reply(DETAIL))
    with pytest.raises(ProviderUnclear):
        peer.gitlab.read(31)
    assert len(peer.requests) == 4


def test_a_429_to_a_get_is_not_asked_again(peer: Peer) -> None:
    peer.on("GET", f"{API}/pipelines/31", httpx.Response(429))
    with pytest.raises(ProviderBusy):
        peer.gitlab.read(31)
    assert len(peer.requests) == 1


@pytest.mark.parametrize(("word", "status"), STATUSES.items())
def test_each_status_of_gitlabs_has_its_word(peer: Peer, word: str, status: RunStatus) -> None:
    peer.on("GET", f"{API}/pipelines/31", reply({**DETAIL, "status": word}))
    assert peer.gitlab.read(31).status is status


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "new_word"}, "expected a known status, got 'new_word'"),
        ({"sha": None}, "text as sha"),
        ({"project_id": "42"}, "whole number as project_id"),
        ({"created_at": "yesterday"}, "a time as created_at"),
        ({"user": {"id": "9"}}, "whole number as id"),
    ],
)
def test_an_answer_that_is_no_run_is_unclear(peer: Peer, change: dict[str, Any], words: str) -> None:
    peer.on("GET", f"{API}/pipelines/31", reply({**DETAIL, **change}))
    with pytest.raises(ProviderUnclear, match=words):
        peer.gitlab.read(31)


@pytest.mark.parametrize(
    ("told", "ref"),
    [
        ({"ref": "v1", "tag": True}, "refs/tags/v1"),
        ({"ref": "v1", "tag": False}, "refs/heads/v1"),
        ({"ref": "refs/merge-requests/1/head", "tag": False}, "refs/merge-requests/1/head"),
    ],
)
def test_r4_the_ref_is_told_in_full(peer: Peer, told: dict[str, Any], ref: str) -> None:
    peer.on("GET", f"{API}/pipelines/31", reply({**DETAIL, **told}))
    assert peer.gitlab.read(31).ref == ref


def test_r3_runs_are_found_by_their_exact_name_and_each_is_read(peer: Peer) -> None:
    peer.on("GET", f"{API}/pipelines", reply([{"id": 33}, {"id": 31}]))
    peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
    peer.on("GET", f"{API}/pipelines/33", reply({**DETAIL, "id": 33}))
    assert [run.id for run in peer.gitlab.find(CALL)] == [31, 33]
    assert peer.requests[0].url.params["name"] == f"sealrun {CALL}"


def test_r3_a_run_that_is_known_is_not_read_again_and_a_duplicate_is(peer: Peer) -> None:
    peer.on("GET", f"{API}/pipelines", reply([{"id": 33}, {"id": 31}]), reply([{"id": 31}]))
    peer.on("GET", f"{API}/pipelines/33", reply({**DETAIL, "id": 33}))
    assert [run.id for run in peer.gitlab.find(CALL, known=31)] == [33]
    assert peer.gitlab.find(CALL, known=31) == []
    assert len(peer.requests) == 3


def test_r3_finding_goes_through_all_pages(peer: Peer) -> None:
    peer.on(
        "GET", f"{API}/pipelines", reply([{"id": 31}], x_next_page="2"), reply([{"id": 33}], x_next_page="")
    )
    peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
    peer.on("GET", f"{API}/pipelines/33", reply({**DETAIL, "id": 33}))
    assert [run.id for run in peer.gitlab.find(CALL)] == [31, 33]


def test_runs_that_changed_are_listed_by_the_hundred(peer: Peer) -> None:
    peer.on(
        "GET", f"{API}/pipelines", reply([{"id": 31}], x_next_page="2"), reply([{"id": 33}], x_next_page="")
    )
    assert peer.gitlab.changed(since=1_800_000_000, started=1_700_000_000) == frozenset((31, 33))
    params = peer.requests[0].url.params
    assert (params["ref"], params["per_page"]) == ("v1", "100")
    assert params["updated_after"] == "2027-01-15T08:00:00Z"


def test_l11_more_changed_runs_than_a_look_lists_are_read_one_by_one(peer: Peer) -> None:
    peer.on("GET", f"{API}/pipelines", reply([{"id": number} for number in range(100)], x_next_page="2"))
    assert peer.gitlab.changed(since=1_800_000_000, started=1_700_000_000) is None
    assert len(peer.requests) == 5


def test_r3_a_gitlab_that_does_not_filter_by_name_is_refused(peer: Peer) -> None:
    """Ours might stand on a later page, so "not found" would be a guess, and a second run its price."""
    peer.on("GET", f"{API}/pipelines", reply([{"id": 31}]))
    peer.on("GET", f"{API}/pipelines/31", reply({**DETAIL, "name": "another"}))
    with pytest.raises(ProviderRefused, match="expected only runs of the name"):
        peer.gitlab.find(CALL)


def test_r3_a_flood_of_runs_is_read_in_part(peer: Peer) -> None:
    peer.on("GET", f"{API}/pipelines", reply([{"id": 31}] * 100, x_next_page="2"))
    peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
    assert len(peer.gitlab.find(CALL)) == 20
    assert len(peer.requests) == 21


def test_r5_only_the_first_attempt_of_a_job_is_told_and_marked_as_retried(peer: Peer) -> None:
    again = {**JOB, "id": 8, "status": "success"}
    first = {**JOB, "status": "failed", "failure_reason": "script_failure", "runner": {"description": "r1"}}
    other = {**JOB, "id": 6, "name": "test", "artifacts_file": {"filename": "a.zip", "size": 1}}
    url = f"{API}/pipelines/31/jobs"
    peer.on("GET", url, reply([again, other], x_next_page="2"), reply([first], x_next_page=""))
    peer.on("GET", f"{API}/pipelines/31/bridges", reply([]))
    assert peer.gitlab.jobs(31) == [
        Job(
            5,
            "build",
            "build",
            "failed",
            "script_failure",
            retried=True,
            has_artifacts=False,
            runner="r1",
            result=JobResult.FAILED,
        ),
        Job(
            6,
            "test",
            "build",
            "success",
            "",
            retried=False,
            has_artifacts=True,
            runner="",
            result=JobResult.SUCCEEDED,
        ),
    ]
    listed = [request for request in peer.requests if request.url.path.endswith("/jobs")]
    assert [request.url.params["include_retried"] for request in listed] == ["true", "true"]
    assert [request.url.params["page"] for request in listed] == ["1", "2"]


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"artifacts_expire_at": "2026-01-01T00:00:00Z", "artifacts": []}, True),
        ({"artifacts_expire_at": "2026-01-01T00:00:00Z", "artifacts": [{"file_type": "trace"}]}, True),
        ({"artifacts_expire_at": "2026-01-01T00:00:00Z", "artifacts": [{"file_type": "archive"}]}, True),
        ({"artifacts_expire_at": None, "erased_at": "2026-01-01T00:00:00Z", "artifacts": []}, True),
        ({"artifacts_expire_at": "2027-01-01T00:00:00Z", "artifacts": [{"file_type": "junit"}]}, False),
        ({"artifacts_expire_at": None, "artifacts": [{"file_type": "trace"}]}, False),
        ({"artifacts": []}, False),
    ],
)
def test_r9_files_that_expired_or_were_erased_before_they_were_read_are_asked_for(
    peer: Peer, more: dict[str, Any], *, asked: bool
) -> None:
    """GitLab then tells of no archive; a run was paid and told as one whose job left nothing."""
    peer.on("GET", f"{API}/pipelines/31/jobs", reply([{**JOB, **more}]))
    peer.on("GET", f"{API}/pipelines/31/bridges", reply([]))
    assert [job.has_artifacts for job in peer.gitlab.jobs(31)] == [asked]


def test_the_jobs_of_a_run_that_goes_on_take_one_request(peer: Peer) -> None:
    states = {"success": "succeeded", "running": "running", "pending": "waiting", "created": "waiting"}
    states |= {"failed": "failed", "skipped": "skipped", "manual": "manual", "canceling": "running"}
    jobs = [{**JOB, "id": at, "name": word, "status": word} for at, word in enumerate(states, 1)]
    more = [{**JOB, "id": 100 + at, "name": f"job {at}"} for at in range(100 - len(jobs))]
    peer.on("GET", f"{API}/pipelines/31/jobs", reply([*jobs, *more], x_next_page="2"))
    found = peer.gitlab.jobs_now(31)
    assert {job.name: job.state for job in found[: len(jobs)]} == states
    assert (len(found), len(peer.requests)) == (100, 1)


def test_r8_jobs_that_may_fail_wait_or_start_other_pipelines_are_told_as_such(peer: Peer) -> None:
    failed = {**JOB, "status": "failed", "failure_reason": "script_failure", "allow_failure": True}
    manual = {**JOB, "id": 6, "name": "sign", "status": "manual", "allow_failure": True}
    bridge = {**JOB, "id": 9, "name": "kid", "downstream_pipeline": {"id": 77, "status": "failed"}}
    peer.on("GET", f"{API}/pipelines/31/jobs", reply([failed, manual]))
    peer.on("GET", f"{API}/pipelines/31/bridges", reply([bridge]))
    told = [(job.name, job.result, job.may_fail, job.has_log, job.status) for job in peer.gitlab.jobs(31)]
    assert told == [
        ("build", JobResult.FAILED, True, True, "failed"),
        ("sign", JobResult.MANUAL, True, False, "manual"),
        ("kid", JobResult.FAILED, False, False, "failed, pipeline 77 that it started"),
    ]


def child(pipeline: int, status: str = "success", project: int = 42) -> dict[str, Any]:
    return {"downstream_pipeline": {"id": pipeline, "status": status, "project_id": project}}


def listed(peer: Peer, pipeline: int, jobs: list[Any], triggers: list[Any] | None = None) -> None:
    peer.on("GET", f"{API}/pipelines/{pipeline}/jobs", reply(jobs, x_next_page=""))
    peer.on("GET", f"{API}/pipelines/{pipeline}/bridges", reply(triggers or []))


def told(peer: Peer) -> list[tuple[str, JobResult, bool]]:
    return [(job.name, job.result, job.may_fail) for job in peer.gitlab.jobs(31)]


def test_r8_jobs_of_child_pipelines_are_named_one_by_one(peer: Peer) -> None:
    """The child's word is success, although a job in it failed that may, and another waits for a person."""
    failed = {**JOB, "id": 6, "name": "test", "status": "failed", "allow_failure": True}
    manual = {**JOB, "id": 7, "name": "sign", "status": "manual"}
    optional = {**JOB, "id": 9, "name": "extra", "allow_failure": True, **child(78, "failed")}
    listed(peer, 31, [JOB], [{**JOB, "id": 8, "name": "kid", **child(77)}, optional])
    listed(peer, 77, [failed, manual], [{**JOB, "id": 10, "name": "grandkid", **child(79)}])
    listed(peer, 78, [{**JOB, "id": 11, "name": "lint", "status": "failed"}])
    listed(peer, 79, [{**JOB, "id": 12}])
    assert told(peer) == [
        ("build", JobResult.SUCCEEDED, False),
        ("kid", JobResult.SUCCEEDED, False),
        ("extra", JobResult.FAILED, True),
        ("kid/test", JobResult.FAILED, True),
        ("kid/sign", JobResult.MANUAL, False),
        ("kid/grandkid", JobResult.SUCCEEDED, False),
        ("extra/lint", JobResult.FAILED, True),
        ("kid/grandkid/build", JobResult.SUCCEEDED, False),
    ]


def test_l12_why_a_child_pipeline_failed_is_told_by_its_own_jobs(peer: Peer) -> None:
    """GitLab fails the trigger without a reason: ``Ci::Bridge#inherit_status_from_downstream!``."""
    unknown = {**JOB, "status": "failed", "failure_reason": "unknown_failure"}
    other = {**unknown, "id": 9, "name": "other", **child(78, "failed", project=43)}
    listed(peer, 31, [], [{**unknown, "id": 8, "name": "kid", **child(77, "failed")}, other])
    listed(peer, 77, [{**JOB, "id": 10, "status": "failed", "failure_reason": "runner_system_failure"}])
    assert {job.name: job.failure_reason for job in peer.gitlab.jobs(31)} == {
        "kid": "",
        "other": "unknown_failure",
        "kid/build": "runner_system_failure",
    }


@pytest.mark.parametrize("runner", [{"id": 3, "description": None}, {"id": 3, "description": ""}, None])
@pytest.mark.parametrize(("started_at", "taken"), [("2026-11-22T10:00:00Z", True), (None, False)])
def test_l12_a_job_that_began_was_taken_by_a_runner_also_where_gitlab_does_not_name_it(
    peer: Peer, runner: Any, started_at: str | None, *, taken: bool
) -> None:
    """A runner's description may be empty, and one that was deleted since is null."""
    job = {**JOB, "status": "canceled", "runner": runner, "started_at": started_at}
    listed(peer, 31, [job], [{**job, "id": 9, "name": "kid", **child(78, "canceled", project=43)}])
    assert [job.taken for job in peer.gitlab.jobs(31)] == [taken, False]


def test_r8_a_pipeline_in_another_project_stands_as_its_status(peer: Peer) -> None:
    listed(peer, 31, [JOB], [{**JOB, "id": 8, "name": "other", **child(77, "failed", project=43)}])
    assert told(peer) == [("build", JobResult.SUCCEEDED, False), ("other", JobResult.FAILED, False)]
    assert len(peer.requests) == 2


@pytest.mark.parametrize(("word", "result"), [("success", JobResult.UNREAD), ("failed", JobResult.FAILED)])
def test_r8_r9_a_trigger_whose_pipeline_was_deleted_is_no_success(
    peer: Peer, word: str, result: JobResult
) -> None:
    """One without ``strategy`` succeeds at once, and GitLab shows no pipeline where it was deleted since."""
    gone = {**JOB, "id": 8, "name": "kid", "status": word, "allow_failure": True, "downstream_pipeline": None}
    listed(peer, 31, [JOB], [gone])
    assert told(peer) == [("build", JobResult.SUCCEEDED, False), ("kid", result, True)]


def test_r9_children_beyond_a_bound_are_named_and_no_success(peer: Peer) -> None:
    """Deeper than GitLab itself allows, and more than are read for one run."""
    for depth, pipeline in enumerate((31, 77, 78)):
        listed(
            peer,
            pipeline,
            [{**JOB, "id": depth}],
            [{**JOB, "id": 50 + depth, "name": "k", **child(pipeline + 1 if depth else 77)}],
        )
    assert told(peer)[-1] == ("jobs of pipeline 79, which k/k/k started", JobResult.UNREAD, False)
    wide = Peer()
    triggers = [{**JOB, "id": 100 + n, "name": f"k{n}", **child(200 + n)} for n in range(40)]
    listed(wide, 31, [JOB], triggers)
    for n in range(40):
        listed(wide, 200 + n, [{**JOB, "id": 300 + n}])
    cut = [name for name, result, _ in told(wide) if result is JobResult.UNREAD]
    assert (len(cut), cut[0]) == (11, "jobs of pipeline 229, which k29 started")
    assert len(wide.requests) == 60


def test_r9_the_jobs_of_all_pipelines_of_a_run_have_one_bound(peer: Peer) -> None:
    many = [{**JOB, "id": n, "name": f"j{n}"} for n in range(100)]
    triggers = [{**JOB, "id": 5000 + n, "name": f"k{n}", **child(200 + n)} for n in range(12)]
    listed(peer, 31, many, triggers)
    for n in range(12):
        listed(peer, 200 + n, [{**job, "id": 1000 * n + job["id"]} for job in many])
    jobs = peer.gitlab.jobs(31)
    assert len([job for job in jobs if job.result is not JobResult.UNREAD]) == 1000
    assert [job.name for job in jobs if job.result is JobResult.UNREAD] == [
        "jobs beyond the first 1000",
        "jobs of pipeline 209, which k9 started",
        "jobs of pipeline 210, which k10 started",
        "jobs of pipeline 211, which k11 started",
    ]


def test_two_jobs_of_one_full_name_are_told_apart(peer: Peer) -> None:
    """A slash may stand in a job's own name, and evidence has one place for each name."""
    listed(peer, 31, [{**JOB, "name": "kid/build"}], [{**JOB, "id": 8, "name": "kid", **child(77)}])
    listed(peer, 77, [{**JOB, "id": 12, "status": "failed"}])
    assert [name for name, _, _ in told(peer)] == ["kid/build", "kid", "kid/build (12)"]


def test_r5_r8_a_trigger_that_was_retried_is_told_with_what_it_started_first(peer: Peer) -> None:
    """While other jobs run, a failed child pipeline may be started anew; then all of GitLab says success."""
    first = {**JOB, "id": 7, "name": "kid", **child(77, "failed")}
    again = {**JOB, "id": 8, "name": "kid", **child(78)}
    listed(peer, 31, [JOB], [again, first])
    listed(peer, 77, [{**JOB, "id": 9, "name": "test", "status": "failed"}])
    listed(peer, 78, [{**JOB, "id": 10, "name": "test"}])
    jobs = [(job.name, job.result, job.retried) for job in peer.gitlab.jobs(31)]
    assert jobs == [
        ("build", JobResult.SUCCEEDED, False),
        ("kid", JobResult.FAILED, True),
        ("kid/test", JobResult.FAILED, False),
    ]
    asked = [request for request in peer.requests if request.url.path.endswith("/bridges")]
    assert {request.url.params.get("include_retried") for request in asked} == {"true"}


def test_a_gitlab_without_bridges_is_asked_for_trigger_jobs_and_then_only_for_these(peer: Peer) -> None:
    """``/bridges`` is deprecated since GitLab 19.2."""
    gone = reply({"error": "404 Not Found"}, 404)
    peer.on("GET", f"{API}/pipelines/31/jobs", reply([JOB]))
    peer.on("GET", f"{API}/pipelines/31/bridges", gone)
    peer.on("GET", f"{API}/pipelines/31/trigger_jobs", reply([{**JOB, "id": 8, "name": "kid", **child(77)}]))
    peer.on("GET", f"{API}/pipelines/77/jobs", reply([{**JOB, "id": 9, "name": "test", "status": "skipped"}]))
    peer.on("GET", f"{API}/pipelines/77/trigger_jobs", reply([]))
    assert told(peer)[-1] == ("kid/test", JobResult.SKIPPED, False)


@pytest.mark.parametrize("headers", [True, False])
def test_r9_jobs_beyond_the_bound_are_named_and_no_page_is_asked_for_ever(
    peer: Peer, *, headers: bool
) -> None:
    """Also behind a proxy that takes off the header that tells of the next page."""
    pages = [[{**JOB, "id": 100 * n + at, "name": f"j{n}-{at}"} for at in range(100)] for n in range(12)]
    told = [reply(page, x_next_page=str(n + 2)) if headers else reply(page) for n, page in enumerate(pages)]
    peer.on("GET", f"{API}/pipelines/31/jobs", *told)
    peer.on("GET", f"{API}/pipelines/31/bridges", reply([], x_next_page="2"))
    jobs = peer.gitlab.jobs(31)
    assert len(jobs) == 1001
    assert (jobs[-1].name, jobs[-1].result) == ("jobs beyond the first 1000", JobResult.UNREAD)
    assert len(peer.requests) == 12


def test_cancel_asks_once(peer: Peer) -> None:
    peer.on("POST", f"{API}/pipelines/31/cancel", reply(CREATED))
    peer.gitlab.cancel(31)
    assert len(peer.requests) == 1


def test_a_trigger_token_cannot_cancel() -> None:
    peer = Peer(token=TRIGGER)
    with pytest.raises(ProviderRefused, match="expected a project access token"):
        peer.gitlab.cancel(31)


def _read(peer: Peer, kind: str) -> bytes:
    with getattr(peer.gitlab, kind)(5) as pieces:
        return b"".join(pieces)


def test_log_and_artifacts_come_in_pieces(peer: Peer) -> None:
    peer.on("GET", f"{API}/jobs/5/trace", httpx.Response(200, content=iter([b"a", b"b"])))
    peer.on("GET", f"{API}/jobs/5/artifacts", httpx.Response(200, content=iter([b"c", b"d"])))
    assert _read(peer, "log") == b"ab"
    assert _read(peer, "artifacts") == b"cd"


def test_l9_artifacts_elsewhere_are_fetched_without_the_token() -> None:
    peer = Peer(extra_origins=["https://storage.example"])
    away = httpx.Response(302, headers={"location": "https://storage.example/a.zip?signature=x"})
    peer.on("GET", f"{API}/jobs/5/artifacts", away)
    peer.on("GET", "/a.zip", httpx.Response(200, content=b"zip"))
    assert _read(peer, "artifacts") == b"zip"
    assert ["private-token" in request.headers for request in peer.requests] == [True, False]


def test_l9_artifacts_at_an_origin_that_is_not_allowed_are_refused(peer: Peer) -> None:
    away = httpx.Response(302, headers={"location": "https://evil.example/a.zip"})
    peer.on("GET", f"{API}/jobs/5/artifacts", away)
    with pytest.raises(ProviderRefused, match="redirect: expected an allowed origin"):
        _read(peer, "artifacts")
    assert len(peer.requests) == 1


@pytest.mark.parametrize(("kind", "path"), [("log", "trace"), ("artifacts", "artifacts")])
def test_a_file_over_its_limit_is_refused(kind: str, path: str) -> None:
    peer = Peer(max_log_bytes=3, max_artifact_bytes=3)
    peer.on("GET", f"{API}/jobs/5/{path}", httpx.Response(200, content=iter([b"ab", b"cd"])))
    with pytest.raises(ProviderRefused, match="at most 3 bytes"):
        _read(peer, kind)


def test_a_file_that_breaks_off_is_unclear(peer: Peer) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise httpx.ReadError("reset")

    peer.on("GET", f"{API}/jobs/5/artifacts", httpx.Response(200, content=broken()))
    with pytest.raises(ProviderUnclear, match="no whole answer"):
        _read(peer, "artifacts")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"message": "404 Not found"}, 404), ProviderRefused),
        (httpx.Response(429), ProviderBusy),
        (httpx.Response(500), ProviderUnclear),
        (httpx.Response(200, html="<html>sign in"), ProviderRefused),
    ],
)
def test_a_file_that_is_not_given_is_told_by_kind(
    peer: Peer, answer: httpx.Response, error: type[ProviderError]
) -> None:
    peer.on("GET", f"{API}/jobs/5/artifacts", answer)
    with pytest.raises(error):
        _read(peer, "artifacts")


def test_an_error_of_the_reader_comes_through_as_it_is(peer: Peer) -> None:
    peer.on("GET", f"{API}/jobs/5/artifacts", httpx.Response(200, content=iter([b"a"])))
    with pytest.raises(KeyError, match="mine"), peer.gitlab.artifacts(5):
        raise KeyError("mine")


def test_the_log_of_a_public_project_comes_from_its_page_without_a_token() -> None:
    """The API answers 401 for a trace without a token, also where the project is public."""
    peer = Peer(token=TRIGGER)
    peer.on("GET", API, reply({"path_with_namespace": "group/job"}))
    peer.on(
        "GET",
        "/group/job/-/jobs/5/raw",
        httpx.Response(200, content=b"log", headers={"content-type": "text/plain"}),
    )
    assert _read(peer, "log") == b"log"
    assert all("private-token" not in request.headers for request in peer.requests)


@pytest.mark.parametrize("media_type", ["text/html", "Text/HTML; charset=UTF-8", "TEXT/HTML ;charset=x"])
@pytest.mark.parametrize(("what", "path"), [("log", "trace"), ("artifacts", "artifacts")])
def test_r9_a_web_page_is_no_file_however_its_type_is_written(what: str, path: str, media_type: str) -> None:
    peer = Peer()
    page = httpx.Response(200, content=b"<html><title>Maintenance", headers={"content-type": media_type})
    peer.on("GET", f"{API}/jobs/5/{path}", page)
    with pytest.raises(ProviderRefused, match="got a web page") as caught:
        _read(peer, what)
    assert caught.value.answered == 200


@pytest.mark.parametrize("path", ["x", "a/../b", "a/b?c", "//evil.example/b", "a/b#", None, 7])
def test_a_project_path_that_is_none_leads_nowhere(path: object) -> None:
    peer = Peer(token=TRIGGER)
    peer.on("GET", API, reply({"path_with_namespace": path}))
    with pytest.raises(ProviderUnclear, match="expected its path"):
        _read(peer, "log")
