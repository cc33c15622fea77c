"""The GitHub provider against answers made by hand: what is sent, what is read, which error comes of what.

Every request and every answer is held against GitHub's own description (see ``peer.py``).
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sealrun.errors import ProviderBusy, ProviderError, ProviderRefused, ProviderUnclear
from sealrun.providers.github.answers import CONCLUSIONS, STATUSES
from sealrun.providers.github.client import GitHub
from sealrun.providers.github.rules import NOT_STARTED, RULES
from sealrun.runs.run import Job, JobResult, Project, Run, RunStatus
from sealrun.transport.failures import Blocked
from tests.answers import reply
from tests.outgoing import HttpxClient
from tests.sealrun.providers.github.peer import (
    API,
    ARTIFACT,
    CALL,
    EXAMPLES,
    JOB,
    NOW,
    ORIGIN,
    OVER,
    REPOSITORY,
    RUN,
    SHA,
    STARTED,
    TOKEN,
    WORKFLOW,
    Peer,
    listed,
    refusal,
)

if TYPE_CHECKING:
    from sealrun.ports.provider import Provider

RUN_URL = f"{API}/actions/runs/31"
SINCE = 1_795_341_600  # 2026-11-22T10:00:00Z
LATER = SINCE + 7200
ZIP = b"PK\x03\x04"  # what an archive begins with


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.client.close()


def test_it_is_a_provider(peer: Peer) -> None:
    provider: Provider = peer.github
    assert provider is peer.github


def test_a_start_sends_ref_and_inputs_as_strings_and_reads_the_run_of_the_answer(peer: Peer) -> None:
    peer.on("POST", f"{WORKFLOW}/dispatches", reply(STARTED))
    peer.on("GET", RUN_URL, reply(RUN))
    run = peer.github.start(name=CALL, inputs={"level": 3, "dry": False, "note": "x"})
    assert run == Run(
        id=31,
        project="octo-org/job",
        name=f"sealrun {CALL}",
        ref="refs/tags/v1",
        sha=SHA,
        source="workflow_dispatch",
        user=9,
        status=RunStatus.RUNNING,
        url="https://github.com/octo-org/job/actions/runs/31",
        created_at=SINCE,
        started_at=SINCE + 1,
        finished_at=0,
    )
    assert json.loads(peer.requests[0].content) == {
        "ref": "refs/tags/v1",
        "inputs": {"level": "3", "dry": "false", "note": "x", "sealrun_call": CALL},
    }
    for request in peer.requests:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["x-github-api-version"] == "2026-03-10"


def test_r3_a_run_that_is_not_named_yet_is_ours_by_the_id_of_the_answer(peer: Peer) -> None:
    peer.on("POST", f"{WORKFLOW}/dispatches", reply(STARTED))
    peer.on("GET", RUN_URL, reply({**RUN, "display_title": "job"}))
    assert peer.github.start(name=CALL, inputs={}).name == f"sealrun {CALL}"
    assert peer.github.read(31).name == "job"


def test_r2_more_than_25_inputs_with_the_call_hash_are_refused_before_anything_is_sent(peer: Peer) -> None:
    with pytest.raises(ProviderRefused, match="expected at most 25, got 26"):
        peer.github.start(name=CALL, inputs={f"i{n}": n for n in range(25)})
    with pytest.raises(ProviderRefused, match="expected none named sealrun_call"):
        peer.github.start(name=CALL, inputs={"sealrun_call": "x"})
    assert peer.requests == []


def test_r3_a_run_that_started_but_cannot_be_read_is_unclear(peer: Peer) -> None:
    peer.on("POST", f"{WORKFLOW}/dispatches", reply(STARTED))
    peer.on("GET", RUN_URL, refusal("Not Found", 404))
    with pytest.raises(ProviderUnclear, match="run 31 was started"):
        peer.github.start(name=CALL, inputs={})


UNCLEAR = [
    refusal("Server Error", 500),
    httpx.Response(502, content=b"<html>Bad Gateway"),
    httpx.Response(503, headers={"retry-after": "5"}),
    httpx.Response(408),
    httpx.ReadTimeout("late"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("closed"),
]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_r3_an_unclear_answer_to_a_start_is_unclear_and_never_sent_again(
    peer: Peer, answer: httpx.Response | Exception
) -> None:
    peer.on("POST", f"{WORKFLOW}/dispatches", answer)
    with pytest.raises(ProviderUnclear):
        peer.github.start(name=CALL, inputs={})
    assert len(peer.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"workflow_run_id": "31"}', b" " * (5 << 20)])
def test_r3_an_answer_without_an_id_is_unclear_and_never_sent_again(body: bytes) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=body)

    with HttpxClient(transport=httpx.MockTransport(answer)) as client:
        github = GitHub(client, origin=ORIGIN, project="o/j", workflow="j", ref="refs/tags/v1", token=TOKEN)
        with pytest.raises(ProviderUnclear):
            github.start(name=CALL, inputs={})
    assert len(asked) == 1


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x")])
def test_r3_a_connection_that_never_was_started_nothing(peer: Peer, error: Exception) -> None:
    peer.on("POST", f"{WORKFLOW}/dispatches", error)
    with pytest.raises(ProviderBusy, match="nothing was sent"):
        peer.github.start(name=CALL, inputs={})


def test_l9_a_blocked_address_started_nothing(peer: Peer) -> None:
    peer.on("POST", f"{WORKFLOW}/dispatches", Blocked("host: expected a public address, got another"))
    with pytest.raises(ProviderRefused, match="public address"):
        peer.github.start(name=CALL, inputs={})


@pytest.mark.parametrize(
    ("value", "status", "words"),
    [
        ({"message": "No ref found for: refs/tags/v1"}, 422, "No ref found for: refs/tags/v1"),
        ({"message": "Bad credentials"}, 401, "Bad credentials"),
        ({"message": "Not Found"}, 404, "Not Found"),
        ({"message": "x", "errors": [{"resource": "R", "code": "missing"}, "y"]}, 422, "x: missing, y"),
        ({"message": "Moved Permanently"}, 301, "Moved Permanently"),
        ({"message": "a\nb\x1b[31mc"}, 403, "a b [31mc"),
        ([], 422, "no reason given"),
    ],
)
def test_a_refusal_is_told_in_githubs_words(value: object, status: int, words: str) -> None:
    with HttpxClient(transport=httpx.MockTransport(lambda _: reply(value, status))) as client:
        github = GitHub(client, origin=ORIGIN, project="o/j", workflow="j", ref="refs/tags/v1", token=TOKEN)
        with pytest.raises(ProviderRefused) as refused:
            github.start(name=CALL, inputs={})
    assert refused.value.detail == f"github answered {status}: {words}"


def test_the_token_is_in_no_repr_and_no_error(peer: Peer) -> None:
    assert TOKEN not in repr(peer.github)
    peer.on("GET", RUN_URL, refusal(f"no {TOKEN} " + "x" * 9000, 403))
    with pytest.raises(ProviderRefused) as refused:
        peer.github.read(31)
    assert "no [token] xxx" in refused.value.detail
    assert len(refused.value.detail) < 400


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (429, "x", {"retry-after": "17"}, 17),
        (429, "x", {}, 30),
        (403, "You have exceeded a secondary rate limit.", {}, 30),
        (403, "You have exceeded a secondary rate limit.", {"retry-after": "60"}, 60),
        (
            403,
            "API rate limit exceeded",
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 45)},
            45,
        ),
        (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 12}, 600),
    ],
)
def test_r3_rate_limits_are_busy_and_say_how_long_to_wait(
    peer: Peer, status: int, message: str, headers: dict[str, str], seconds: int
) -> None:
    peer.on(
        "POST", f"{WORKFLOW}/dispatches", httpx.Response(status, json={"message": message}, headers=headers)
    )
    with pytest.raises(ProviderBusy) as busy:
        peer.github.start(name=CALL, inputs={})
    assert (busy.value.retry_after, len(peer.requests)) == (seconds, 1)


def test_a_403_that_is_no_rate_limit_is_a_refusal(peer: Peer) -> None:
    words = "Resource not accessible by personal access token"
    answer = httpx.Response(403, json={"message": words}, headers={"x-ratelimit-remaining": "4999"})
    peer.on("POST", f"{WORKFLOW}/dispatches", answer)
    with pytest.raises(ProviderRefused, match=words):
        peer.github.start(name=CALL, inputs={})


def test_a_get_is_asked_once_more_and_no_more(peer: Peer) -> None:
    peer.on("GET", RUN_URL, httpx.Response(500), reply(RUN))
    assert peer.github.read(31).id == 31
    peer.on("GET", RUN_URL, httpx.Response(500))
    with pytest.raises(ProviderUnclear):
        peer.github.read(31)
    assert len(peer.requests) == 4


@pytest.mark.parametrize(("word", "status"), STATUSES.items())
def test_each_status_has_its_word(peer: Peer, word: str, status: RunStatus) -> None:
    peer.on("GET", RUN_URL, reply({**RUN, "status": word}))
    assert peer.github.read(31).status is status


@pytest.mark.parametrize(("word", "status"), CONCLUSIONS.items())
def test_each_conclusion_has_its_word(peer: Peer, word: str, status: RunStatus) -> None:
    peer.on("GET", RUN_URL, reply({**OVER, "conclusion": word}))
    run = peer.github.read(31)
    assert (run.status, run.finished_at) == (status, SINCE + 9 if status.over else 0)


@pytest.mark.parametrize("change", [{"status": "new"}, {"status": "completed", "conclusion": None}])
def test_an_unknown_word_is_unclear(peer: Peer, change: dict[str, Any]) -> None:
    peer.on("GET", RUN_URL, reply({**RUN, **change}))
    with pytest.raises(ProviderUnclear, match="expected a known status"):
        peer.github.read(31)


@pytest.mark.parametrize("odd", [[], {}, ["success"], "x" * 5000])
def test_l14_a_conclusion_that_is_no_short_text_is_unclear(odd: object) -> None:
    peer = Peer(described=False)
    peer.on("GET", RUN_URL, reply({**OVER, "conclusion": odd}))
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", {**JOB, "conclusion": odd}))
    peer.on("GET", f"{RUN_URL}/artifacts", listed("artifacts"))
    with pytest.raises(ProviderUnclear):
        peer.github.read(31)
    with pytest.raises(ProviderUnclear):
        peer.github.jobs(31)


def test_r4_a_run_of_another_ref_is_told_as_a_branch(peer: Peer) -> None:
    peer.on("GET", RUN_URL, reply({**RUN, "head_branch": "main"}))
    assert peer.github.read(31).ref == "refs/heads/main"


def test_r5_of_a_repeated_run_the_first_attempt_is_told(peer: Peer) -> None:
    peer.on("GET", RUN_URL, reply({**OVER, "run_attempt": 2}))
    peer.on("GET", f"{RUN_URL}/attempts/1", reply({**OVER, "conclusion": "failure"}))
    assert peer.github.read(31).status is RunStatus.FAILED


def listed_as_github_does(*runs: Mapping[str, object]) -> Callable[[httpx.Request], httpx.Response]:
    """Filters are answered by a search index, which may lack new runs and changes for minutes and longer.

    https://github.com/dawidd6/action-download-artifact/issues/147, in the words of GitHub's support.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        filtered = {"actor", "branch", "created", "event", "head_sha", "status"} & {*request.url.params}
        return listed("workflow_runs", *(() if filtered else runs))

    return answer


def listing(*runs: Mapping[str, object]) -> GitHub:
    client = HttpxClient(transport=httpx.MockTransport(listed_as_github_does(*runs)))
    return GitHub(
        client,
        origin=ORIGIN,
        project="octo-org/job",
        workflow="job.yml",
        ref="refs/tags/v1",
        token=TOKEN,
        clock=lambda: SINCE + 60,
    )


def test_r3_a_run_that_githubs_search_index_lacks_yet_is_found() -> None:
    """It was taken for none, and a second one was started."""
    pushed = {**RUN, "id": 32, "event": "push"}
    before = {**RUN, "id": 30, "created_at": "2026-11-22T09:57:59Z"}
    assert [run.id for run in listing(pushed, RUN, before).find(CALL, since=SINCE)] == [31]


def test_r9_a_change_that_githubs_search_index_lacks_yet_is_seen() -> None:
    """A run that was over was taken for unchanged until its time limit."""
    over = {**OVER, "updated_at": "2026-11-22T10:03:00Z"}
    before = {**OVER, "id": 30, "created_at": "2026-11-22T09:59:59Z", "updated_at": "2026-11-22T10:03:00Z"}
    assert listing(over, before).changed(since=SINCE + 120, started=SINCE) == frozenset((31,))


def test_r3_r9_runs_that_are_not_listed_the_newest_first_are_refused(peer: Peer) -> None:
    """The walk ends at the first run that is too old, so ours might stand on a page that was not read."""
    old = {**RUN, "id": 30, "created_at": "2026-11-22T09:00:00Z"}
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", old, {**RUN, "id": 32}, total=101))
    with pytest.raises(ProviderRefused, match="expected the newest first"):
        peer.github.find(CALL, since=SINCE)
    with pytest.raises(ProviderRefused, match="expected the newest first"):
        peer.github.changed(since=SINCE + 120, started=SINCE)


def test_r3_r9_a_page_of_old_runs_alone_that_begins_with_the_oldest_is_refused(peer: Peer) -> None:
    """Of a workflow with a hundred older runs the first page would hold none that is young."""
    days = [
        {**RUN, "id": n, "created_at": f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}T09:00:00Z"}
        for n in range(100)
    ]
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", *days, total=101))
    with pytest.raises(ProviderRefused, match="expected the newest first"):
        peer.github.find(CALL, since=SINCE)
    with pytest.raises(ProviderRefused, match="expected the newest first"):
        peer.github.changed(since=SINCE + 120, started=SINCE)
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", *reversed(days), total=101))
    assert peer.github.find(CALL, since=SINCE) == []


def test_r3_l11_young_runs_are_listed_back_to_the_claim_and_no_further(peer: Peer) -> None:
    old = {**RUN, "id": 30, "created_at": "2026-11-22T09:00:00Z"}
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", RUN, old, total=90_000))
    assert [run.id for run in peer.github.find(CALL, since=SINCE)] == [31]
    assert len(peer.requests) == 1
    many = [{**RUN, "id": number} for number in range(100)]
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", *many, total=90_000))
    with pytest.raises(ProviderRefused, match="expected fewer than 1000"):
        peer.github.find(CALL, since=SINCE)
    assert len(peer.requests) == 11


def test_r11_the_storages_own_code_is_told() -> None:
    peer = Peer(extra_origins=["https://storage.example"])
    xml = '\ufeff<?xml version="1.0"?><Error><Code>BlobNotFound</Code><Message>The blob</Message></Error>'
    away = httpx.Response(302, headers={"location": "https://storage.example/file"})
    peer.on("GET", f"{API}/actions/jobs/5/logs", away)
    peer.on("GET", "/file", httpx.Response(404, content=xml.encode()))
    with (
        pytest.raises(ProviderRefused, match=r"^github answered 404: BlobNotFound$") as refused,
        peer.github.log(5),
    ):
        pass
    assert refused.value.answered == 404


def test_r3_runs_are_found_by_their_exact_name_among_those_around_the_claim() -> None:
    peer = Peer(clock=lambda: LATER)
    longer = {**RUN, "id": 30, "display_title": f"sealrun {CALL}0"}
    first = [{**RUN, "id": 33}, *[{**RUN, "id": n, "display_title": "other"} for n in range(100, 199)]]
    peer.on(
        "GET",
        f"{WORKFLOW}/runs",
        listed("workflow_runs", *first, total=102),
        listed("workflow_runs", RUN, longer, total=102),
    )
    assert [run.id for run in peer.github.find(CALL, since=SINCE)] == [31, 33]
    params = peer.requests[0].url.params
    assert params["event"] == "workflow_dispatch"
    assert params["created"] == "2026-11-22T09:58:00Z..2026-11-22T11:00:00Z"
    assert [request.url.params["page"] for request in peer.requests] == ["1", "2"]


def test_r3_a_run_that_is_known_is_left_out_and_not_read_again(peer: Peer) -> None:
    """Its second attempt makes reading it one more request."""
    again = {**RUN, "run_attempt": 2}
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", {**RUN, "id": 33}, again, total=2))
    assert [run.id for run in peer.github.find(CALL, since=SINCE, known=31)] == [33]
    assert len(peer.requests) == 1


def test_r3_more_runs_than_github_lists_are_refused() -> None:
    """Ours might be one that is not listed, so "not found" would be a guess, and a second run its price."""
    peer = Peer(clock=lambda: LATER)
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", RUN, total=1001))
    with pytest.raises(ProviderRefused, match="expected at most 1000, got 1001"):
        peer.github.find(CALL, since=SINCE)


def test_runs_that_changed_are_listed_by_the_hundred(peer: Peer) -> None:
    runs = [{**RUN, "id": n, "updated_at": f"2026-11-22T10:0{n}:00Z"} for n in range(1, 4)]
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", *runs))
    assert peer.github.changed(since=SINCE + 120, started=SINCE) == frozenset((2, 3))
    assert dict(peer.requests[0].url.params) == {"per_page": "100", "page": "1"}


def test_l11_more_runs_than_a_look_lists_are_read_one_by_one(peer: Peer) -> None:
    many = [{**RUN, "id": number} for number in range(100)]
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", *many, total=700))
    assert peer.github.changed(since=SINCE, started=SINCE) is None
    assert len(peer.requests) == 5


def test_r3_a_flood_of_runs_of_one_name_is_told_in_part_and_hides_no_earlier_run(peer: Peer) -> None:
    """GitHub lists the newest first: others that came later do not take the place of ours."""
    newest_first = [{**RUN, "id": 31 + n} for n in reversed(range(50))]
    peer.on("GET", f"{WORKFLOW}/runs", listed("workflow_runs", *newest_first))
    assert [run.id for run in peer.github.find(CALL, since=SINCE)] == [*range(31, 51)]


def test_an_archive_that_github_lists_twice_is_one(peer: Peer) -> None:
    """upload-artifact repeats its last request where the answer is late; two files at one place are refused.

    https://github.com/actions/upload-artifact/issues/531
    """
    one, other = ({**ARTIFACT, "digest": f"sha256:{digit * 64}"} for digit in "12")
    listings = {(7,): [{**one, "id": 8}, one], (7, 8): [{**other, "id": 8}, one]}
    listings[(7, 8, 9)] = [{**ARTIFACT, "id": number} for number in (7, 8, 9)]  # no digest, so not known
    for ids, items in listings.items():
        peer.on("GET", f"{RUN_URL}/jobs", listed("jobs"))
        peer.on("GET", f"{RUN_URL}/artifacts", listed("artifacts", *items))
        assert tuple(job.id for job in peer.github.jobs(31)) == ids


def test_r5_first_attempts_of_jobs_are_told_and_archives_after_them(peer: Peer) -> None:
    again = {**JOB, "id": 8, "run_attempt": 2}
    failed = {**JOB, "conclusion": "failure"}
    other = {**JOB, "id": 6, "name": "test", "runner_name": None}
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", again, other, failed))
    peer.on("GET", f"{RUN_URL}/artifacts", listed("artifacts", ARTIFACT))
    assert peer.github.jobs(31) == [
        Job(
            5,
            "build",
            "",
            "failure",
            "failure",
            retried=True,
            has_artifacts=False,
            runner="r1",
            result=JobResult.FAILED,
            begun=True,
            started_at=SINCE + 3,
        ),
        Job(
            6,
            "test",
            "",
            "success",
            "",
            retried=False,
            has_artifacts=False,
            runner="",
            result=JobResult.SUCCEEDED,
            begun=True,
            started_at=SINCE + 3,
        ),
        Job(
            7,
            "greeting",
            "artifact",
            "artifact",
            "",
            retried=False,
            has_artifacts=True,
            runner="",
            has_log=False,
            result=JobResult.ARCHIVE,
        ),
    ]
    assert peer.requests[0].url.params["filter"] == "all"


def test_the_jobs_of_a_run_that_goes_on_take_one_request() -> None:
    """GitHub's description does not allow the null that a job has in place of a conclusion before its end."""
    peer = Peer(described=False)
    waiting = {**JOB, "id": 7, "name": "deploy", "status": "queued", "conclusion": None}
    running = {**JOB, "id": 6, "name": "test", "status": "in_progress", "conclusion": None}
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", JOB, running, waiting, total=700))
    states = [(job.name, job.state) for job in peer.github.jobs_now(31)]
    assert states == [("build", "succeeded"), ("test", "running"), ("deploy", "waiting")]
    assert len(peer.requests) == 1


def test_jobs_of_one_name_are_told_apart(peer: Peer) -> None:
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", JOB, {**JOB, "id": 6}))
    peer.on("GET", f"{RUN_URL}/artifacts", listed("artifacts"))
    assert [job.name for job in peer.github.jobs(31)] == ["build #5", "build #6"]


def test_cancel_asks_once_and_a_run_that_is_over_stays(peer: Peer) -> None:
    peer.on("POST", f"{RUN_URL}/cancel", reply({}, 202))
    peer.github.cancel(31)
    peer.on("POST", f"{RUN_URL}/cancel", refusal("Cannot cancel a workflow run that is completed.", 409))
    peer.github.cancel(31)
    peer.on("POST", f"{RUN_URL}/cancel", refusal("Not Found", 404))
    with pytest.raises(ProviderRefused, match="Not Found"):
        peer.github.cancel(31)
    assert len(peer.requests) == 3


def test_l12_a_job_that_github_did_not_start_is_nobodys_failed_run() -> None:
    """An account without minutes or with a bill to pay: https://github.com/fontanierh/boxology/issues/734."""
    unstarted = {**JOB, "conclusion": "failure", "steps": [], "runner_id": 0, "runner_name": ""}
    peer = Peer()
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", unstarted, {**unstarted, "id": 6, "name": "test"}))
    jobs = peer.github.jobs_now(31)
    assert {(job.failure_reason, job.has_log, job.started_at) for job in jobs} == {(NOT_STARTED, False, 0)}
    canceled = {**unstarted, "id": 6, "name": "test", "conclusion": "cancelled"}  # the rest of a matrix
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", unstarted, canceled))
    assert {(job.failure_reason, job.has_log) for job in peer.github.jobs_now(31)} == {(NOT_STARTED, False)}
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", canceled))  # by hand
    assert [job.failure_reason for job in peer.github.jobs_now(31)] == ["cancelled"]
    # An input may end a run whose first job a runner took: that is not free.
    peer.on("GET", f"{RUN_URL}/jobs", listed("jobs", unstarted, {**JOB, "id": 6, "name": "test"}))
    assert [job.failure_reason for job in peer.github.jobs_now(31)] == ["failure", ""]
    assert NOT_STARTED in RULES.faults
    assert NOT_STARTED not in RULES.sellers_faults


def _redirecting(
    path: str, content: bytes, *, media_type: str = "application/octet-stream", **artifact: Any
) -> Peer:
    peer = Peer(extra_origins=["https://storage.example"])
    peer.on("GET", f"{API}/actions/artifacts/7", reply({**ARTIFACT, **artifact}))
    peer.on("GET", RUN_URL, reply(OVER))
    peer.on("GET", path, httpx.Response(302, headers={"location": "https://storage.example/file?sig=x"}))
    typed = {"content-type": media_type}
    peer.on("GET", "/file", httpx.Response(200, content=iter([content[:1], content[1:]]), headers=typed))
    return peer


def _read(peer: Peer, kind: str, job_id: int) -> bytes:
    with getattr(peer.github, kind)(job_id) as pieces:
        return b"".join(pieces)


@pytest.mark.parametrize(("kind", "job_id"), [("log", 5), ("artifacts", 7)])
def test_l9_log_and_archive_come_from_elsewhere_without_the_token(kind: str, job_id: int) -> None:
    path = {"log": f"{API}/actions/jobs/5/logs", "artifacts": f"{API}/actions/artifacts/7/zip"}[kind]
    peer = _redirecting(path, ZIP)
    assert _read(peer, kind, job_id) == ZIP
    assert ["authorization" in request.headers for request in peer.requests[-2:]] == [True, False]


@pytest.mark.parametrize("kind", ["log", "artifacts"])
def test_l9_a_file_at_an_origin_that_is_not_allowed_is_refused(kind: str) -> None:
    peer = Peer(extra_origins=[])
    away = httpx.Response(302, headers={"location": "https://storage.example/file"})
    peer.on("GET", f"{API}/actions/jobs/7/logs", away)
    peer.on("GET", f"{API}/actions/artifacts/7", reply(ARTIFACT))
    peer.on("GET", f"{API}/actions/artifacts/7/zip", away)
    peer.on("GET", RUN_URL, reply(OVER))
    with pytest.raises(ProviderRefused, match="expected an allowed origin"):
        _read(peer, kind, 7)


def test_an_archive_has_the_digest_that_github_tells() -> None:
    path = f"{API}/actions/artifacts/7/zip"
    digest = f"sha256:{hashlib.sha256(ZIP).hexdigest()}"
    assert _read(_redirecting(path, ZIP, digest=digest), "artifacts", 7) == ZIP
    with pytest.raises(ProviderUnclear, match=f"expected an archive with the digest {digest}, got sha256:"):
        _read(_redirecting(path, b"zap", digest=digest), "artifacts", 7)


def test_r9_a_web_page_that_was_left_without_an_archive_is_a_file() -> None:
    # https://github.com/actions/toolkit/blob/main/packages/artifact/src/internal/upload/types.ts: by its name
    path, content = f"{API}/actions/artifacts/7/zip", b"<html>covered: 97 %"
    told = {"name": "report.html", "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    page = _read(_redirecting(path, content, media_type="text/html", **told), "artifacts", 7)
    assert zipfile.ZipFile(io.BytesIO(page)).read("report.html") == content
    with pytest.raises(ProviderUnclear, match="expected an archive with the digest"):
        _read(_redirecting(path, b"<html>sign in", media_type="text/html", **told), "artifacts", 7)
    with pytest.raises(ProviderRefused, match="got a web page"):  # nothing says that it is the file
        _read(_redirecting(path, content, media_type="text/html"), "artifacts", 7)


@pytest.mark.parametrize("content", [b"", b"PK", b"upstream busy", b'{"message": "try later"}'])
def test_r9_what_comes_in_place_of_an_archive_is_no_file_unless_a_digest_says_so(content: bytes) -> None:
    """An own server tells no digest, and all of its archives are zips; what else it gives may pass."""
    path = f"{API}/actions/artifacts/7/zip"
    with pytest.raises(ProviderRefused, match="expected a zip") as caught:
        _read(_redirecting(path, content), "artifacts", 7)
    assert caught.value.answered == 200
    told = {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    assert zipfile.ZipFile(io.BytesIO(_read(_redirecting(path, content, **told), "artifacts", 7))).namelist()


def test_r5_an_archive_of_a_repeated_run_is_refused() -> None:
    peer = _redirecting(f"{API}/actions/artifacts/7/zip", b"zip")
    peer.on("GET", RUN_URL, reply({**OVER, "run_attempt": 2}))
    with pytest.raises(ProviderRefused, match="expected one of a first attempt"):
        _read(peer, "artifacts", 7)


def test_a_file_over_its_limit_is_refused() -> None:
    peer = _redirecting(f"{API}/actions/jobs/5/logs", b"four")
    peer.github._max_log = 3
    with pytest.raises(ProviderRefused, match="at most 3 bytes"):
        _read(peer, "log", 5)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refusal("Not Found", 404), ProviderRefused), (refusal("Gone", 410), ProviderRefused),
     (refusal("x", 500), ProviderUnclear)],
)  # fmt: skip
def test_a_log_that_is_not_given_is_told_by_kind(
    peer: Peer, answer: httpx.Response, error: type[ProviderError]
) -> None:
    peer.on("GET", f"{API}/actions/jobs/5/logs", answer)
    with pytest.raises(error):
        _read(peer, "log", 5)


def test_r4_the_project_tells_the_workflows_path(peer: Peer) -> None:
    path = ".github/workflows/job.yml"
    peer.on("GET", WORKFLOW, reply({**EXAMPLES["workflow"], "path": path}))
    peer.on("GET", API, httpx.Response(200, json=REPOSITORY))
    with pytest.raises(Exception, match="required property"):  # GitHub's full repository has more
        peer.github.project()
    peer.on("GET", API, httpx.Response(200, json=full_repository()))
    assert peer.github.project() == Project(private=True, configuration=path)
    peer.on("GET", WORKFLOW, reply({**EXAMPLES["workflow"], "state": "disabled_manually"}))
    with pytest.raises(ProviderRefused, match="expected an active one, got disabled_manually"):
        peer.github.project()


def full_repository() -> dict[str, Any]:
    """The parts that a repository by itself has more than one in a run."""
    zero = dict.fromkeys(
        ["forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size"], 0
    ) | dict.fromkeys(["stargazers_count", "subscribers_count", "watchers", "watchers_count"], 0)
    flags = dict.fromkeys(
        ["archived", "disabled", "has_issues", "has_pages", "has_projects", "has_wiki", "has_discussions"],
        False,
    )
    urls = dict.fromkeys(["clone_url", "git_url", "ssh_url", "svn_url", "mirror_url", "homepage"], "x:y")
    dates = dict.fromkeys(["created_at", "updated_at", "pushed_at"], "2026-11-22T10:00:00Z")
    more = {"default_branch": "main", "language": None, "license": None, **zero, **flags, **urls, **dates}
    return {**REPOSITORY, **more}
