"""Forgejo against answers made by hand, in the shapes that its own description names.

No Forgejo was at hand: that these are the answers of a real one is not shown here (ADR 20).
"""

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sealrun.errors import ProviderBusy, ProviderError, ProviderRefused, ProviderUnclear
from sealrun.providers.forgejo.client import STATUSES, Forgejo
from sealrun.runs.run import Job, JobResult, Project, Run, RunStatus
from tests.answers import Answers, reply
from tests.outgoing import HttpxClient

if TYPE_CHECKING:
    from sealrun.ports.provider import Provider

ORIGIN = "https://forgejo.example"
API = "/api/v1/repos/seller/job"
TOKEN = "very-secret"
CALL = "0123456789abcdef" * 4
SHA = "a" * 40
REF = "refs/tags/v1"
SINCE = 1_795_341_600  # 2026-11-22T10:00:00Z
EVENT = {"inputs": {"sealrun_call": CALL, "level": "3"}, "ref": REF, "workflow": ".forgejo/workflows/job.yml"}
RUN: dict[str, Any] = {
    "id": 31,
    "index_in_repo": 3,
    "title": "job",
    "repository": {"id": 4, "full_name": "seller/job"},
    "commit_sha": SHA,
    "prettyref": "v1",
    "event": "workflow_dispatch",
    "trigger_event": "workflow_dispatch",
    "event_payload": json.dumps(EVENT),
    "trigger_user": {"id": 9, "login": "seller"},
    "workflow_id": "job.yml",
    "status": "running",
    "html_url": f"{ORIGIN}/seller/job/actions/runs/3",
    "created": "2026-11-22T10:00:00Z",
    "started": "2026-11-22T11:00:01+01:00",
    "stopped": "0001-01-01T00:00:00Z",
}
JOB = {"id": 5, "name": "build", "attempt": 1, "status": "success", "run_id": 31, "task_id": 6}


class Peer(Answers):
    """The adapter over answers by method and path below the repository's."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        client = HttpxClient(transport=httpx.MockTransport(self.answer))
        named = {"origin": ORIGIN, "project": "seller/job", "workflow": "job.yml", "ref": REF, "token": TOKEN}
        self.forgejo = Forgejo(client, **{**named, **options})

    def on(self, method: str, path: str, *answers: httpx.Response | Exception) -> None:
        super().on(method, f"{API}{path}", *answers)


@pytest.fixture
def peer() -> Peer:
    return Peer()


def listed(*runs: object) -> httpx.Response:
    return reply({"total_count": len(runs), "workflow_runs": list(runs)})


def test_it_is_a_provider(peer: Peer) -> None:
    provider: Provider = peer.forgejo
    assert provider is peer.forgejo
    assert TOKEN not in repr(provider)


def test_a_start_asks_for_the_runs_id_and_reads_it(peer: Peer) -> None:
    dispatch = "/actions/workflows/job.yml/dispatches"
    peer.on("POST", dispatch, reply({"id": 31, "run_number": 3, "jobs": ["build"]}, 201))
    peer.on("GET", "/actions/runs/31", reply(RUN))
    assert peer.forgejo.start(name=CALL, inputs={"level": 3}) == Run(
        id=31,
        project="seller/job",
        name=f"sealrun {CALL}",
        ref=REF,
        sha=SHA,
        source="workflow_dispatch",
        user=9,
        status=RunStatus.RUNNING,
        url=f"{ORIGIN}/seller/job/actions/runs/3",
        created_at=SINCE,
        started_at=SINCE + 1,
    )
    assert json.loads(peer.requests[0].content) == {
        "ref": REF, "inputs": {"level": "3", "sealrun_call": CALL}, "return_run_info": True
    }  # fmt: skip
    assert {request.headers["authorization"] for request in peer.requests} == {f"token {TOKEN}"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"message": "reference does not exist"}, 404), ProviderRefused),
        (reply({"message": "slow down"}, 429), ProviderBusy),
        (httpx.ConnectError("x"), ProviderBusy),
        (httpx.Response(204), ProviderUnclear),
        (httpx.Response(500), ProviderUnclear),
        (httpx.ReadTimeout("x"), ProviderUnclear),
    ],
)
def test_r3_a_start_is_sent_once_and_its_answer_told_by_kind(
    peer: Peer, answer: httpx.Response | Exception, error: type[ProviderError]
) -> None:
    peer.on("POST", "/actions/workflows/job.yml/dispatches", answer)
    with pytest.raises(error):
        peer.forgejo.start(name=CALL, inputs={})
    assert len(peer.requests) == 1


def test_r3_runs_are_found_by_the_calls_input_whatever_their_title(peer: Peer) -> None:
    other = {**RUN, "id": 32, "event_payload": json.dumps({"inputs": {"sealrun_call": CALL[:-1]}})}
    before = {**RUN, "id": 20, "created": "2026-11-22T09:00:00Z", "event_payload": ""}
    peer.on("GET", "/actions/runs", listed({**RUN, "id": 33}, other), listed(RUN, before))
    assert [run.id for run in peer.forgejo.find(CALL, since=SINCE)] == [31, 33]
    params = peer.requests[0].url.params
    assert (params["event"], params["workflow_id"], params["ref"]) == ("workflow_dispatch", "job.yml", REF)
    assert len(peer.requests) == 2


def test_r3_a_run_that_is_known_is_left_out(peer: Peer) -> None:
    peer.on("GET", "/actions/runs", listed({**RUN, "id": 33}, RUN), listed())
    assert [run.id for run in peer.forgejo.find(CALL, since=SINCE, known=31)] == [33]


def test_r3_a_flood_of_runs_hides_no_earlier_run(peer: Peer) -> None:
    newest_first = [{**RUN, "id": 31 + n} for n in reversed(range(50))]
    peer.on("GET", "/actions/runs", listed(*newest_first), listed())
    assert [run.id for run in peer.forgejo.find(CALL, since=SINCE)] == [*range(31, 51)]


def test_r3_an_order_in_which_ours_might_be_missed_is_refused(peer: Peer) -> None:
    peer.on("GET", "/actions/runs", listed(RUN, {**RUN, "id": 32}), listed())
    with pytest.raises(ProviderRefused, match="expected the newest runs first"):
        peer.forgejo.find(CALL, since=SINCE)


@pytest.mark.parametrize(
    "others",
    [
        {"trigger_user": {"id": -1, "login": "Ghost"}},
        {"trigger_user": {"id": -2, "login": "forgejo-actions"}},
        {"trigger_user": None},
        {"status": "unknown"},
        {"event_payload": "{"},
        {"event_payload": "[]"},
        {"started": "0001-01-01T00:00:00Z"},
    ],
)
def test_r3_a_run_of_somebody_else_hides_no_other_whatever_it_is(peer: Peer, others: dict[str, Any]) -> None:
    """Forgejo's own account and one that is gone have ids below 0: models/user/user_system.go."""
    event = {"event_payload": json.dumps({**EVENT, "inputs": {"sealrun_call": "another"}})}
    other = {**RUN, **event, "id": 32, **others}
    peer.on("GET", "/actions/runs", listed(other, RUN), listed())
    assert [run.id for run in peer.forgejo.find(CALL, since=SINCE)] == [31]


@pytest.mark.parametrize("number", [-1, -2])
def test_a_run_of_ours_that_nobody_started_is_read_as_nobodys(peer: Peer, number: int) -> None:
    nobodys = {**RUN, "trigger_user": {"id": number}}
    peer.on("GET", "/actions/runs", listed({**nobodys, "id": 32}, RUN), listed())
    assert [(run.id, run.user) for run in peer.forgejo.find(CALL, since=SINCE)] == [(31, 9), (32, 0)]
    peer.on("GET", "/actions/runs/31", reply(nobodys))
    assert peer.forgejo.read(31).user == 0


def test_r3_more_runs_than_are_looked_through_are_refused(peer: Peer) -> None:
    pages = [listed({**RUN, "id": 1000 - number}) for number in range(25)]
    peer.on("GET", "/actions/runs", *pages)
    with pytest.raises(ProviderRefused, match="expected at most 1000 runs"):
        peer.forgejo.find(CALL, since=SINCE)


@pytest.mark.parametrize(("word", "status"), STATUSES.items())
def test_each_status_has_its_word(peer: Peer, word: str, status: RunStatus) -> None:
    peer.on("GET", "/actions/runs/31", reply({**RUN, "status": word, "stopped": "2026-11-22T10:00:09Z"}))
    run = peer.forgejo.read(31)
    assert (run.status, run.finished_at) == (status, SINCE + 9 if status.over else 0)


@pytest.mark.parametrize(
    "change", [{"status": "unknown"}, *({"event_payload": each} for each in ("{", "[]", 1, ["{}"]))]
)
def test_an_answer_that_is_no_run_is_unclear(peer: Peer, change: dict[str, Any]) -> None:
    peer.on("GET", "/actions/runs/31", reply({**RUN, **change}))
    with pytest.raises(ProviderUnclear):
        peer.forgejo.read(31)


def test_l14_half_a_surrogate_pair_in_the_event_can_stand_in_a_signed_document(peer: Peer) -> None:
    event = json.dumps({"inputs": {"sealrun_call": "\ud800"}, "ref": "\ud800"})
    peer.on("GET", "/actions/runs/31", reply({**RUN, "event_payload": event}))
    run = peer.forgejo.read(31)
    assert (run.name, run.ref) == ("sealrun \ufffd", "\ufffd")


def test_the_jobs_of_a_run_that_goes_on_take_one_request(peer: Peer) -> None:
    words = {"build": "success", "test": "running", "deploy": "blocked"}
    jobs = [{**JOB, "id": at, "name": name, "status": word} for at, (name, word) in enumerate(words.items())]
    peer.on("GET", "/actions/runs/31/jobs", reply(jobs))
    states = [job.state for job in peer.forgejo.jobs_now(31)]
    assert states == ["succeeded", "running", "waiting"]
    assert len(peer.requests) == 1


def test_r5_a_job_that_was_repeated_is_told_so_and_archives_come_last(peer: Peer) -> None:
    again = {**JOB, "id": 6, "name": "test", "attempt": 2, "status": "failure"}
    peer.on("GET", "/actions/runs/31/jobs", reply([again, JOB]))
    archive = {"id": 7, "name": "out", "run_id": 31}
    peer.on("GET", "/actions/runs/31/artifacts", reply([archive]), reply([]))
    assert peer.forgejo.jobs(31) == [
        Job(
            5,
            "build",
            "",
            "success",
            "",
            retried=False,
            has_artifacts=False,
            runner="",
            result=JobResult.SUCCEEDED,
        ),
        Job(
            6,
            "test",
            "",
            "failure",
            "failure",
            retried=True,
            has_artifacts=False,
            runner="",
            result=JobResult.FAILED,
        ),
        Job(
            7,
            "out",
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


@pytest.mark.parametrize("size", [50, 30])  # the most of a page as Forgejo comes, and where it is set lower
def test_r9_archives_are_read_page_by_page(peer: Peer, size: int) -> None:
    """Forgejo gives 50 at most, whatever it is asked for, and the newest first."""
    archives = [{"id": 200 - at, "name": f"out-{at}"} for at in range(70)]
    pages = [reply(archives[at : at + size]) for at in range(0, 70 + size, size)]
    peer.on("GET", "/actions/runs/31/jobs", reply([JOB]))
    peer.on("GET", "/actions/runs/31/artifacts", *pages)
    assert [job.name for job in peer.forgejo.jobs(31)[1:]] == [each["name"] for each in archives]
    asked = [request.url.params for request in peer.requests[1:]]
    assert [(each["limit"], each["page"]) for each in asked] == [
        ("50", str(page + 1)) for page in range(len(asked))
    ]


def test_r9_what_is_beyond_a_bound_is_named_and_no_page_is_asked_for_ever(peer: Peer) -> None:
    peer.on(
        "GET", "/actions/runs/31/jobs", reply([{**JOB, "id": at, "name": f"j{at}"} for at in range(1001)])
    )
    archives = [{"id": at, "name": f"out-{at}"} for at in range(150)]
    peer.on("GET", "/actions/runs/31/artifacts", *(reply(archives[at : at + 50]) for at in (0, 50, 100)))
    jobs = peer.forgejo.jobs(31)
    assert len(peer.requests) == 4
    assert [job.result for job in jobs].count(JobResult.SUCCEEDED) == 1000
    assert [job.result for job in jobs].count(JobResult.ARCHIVE) == 100
    assert [job.result for job in jobs].count(JobResult.UNREAD) == 1


def test_r9_a_host_that_gives_one_page_for_all_has_no_archive_twice(peer: Peer) -> None:
    peer.on("GET", "/actions/runs/31/jobs", reply([JOB]))
    peer.on("GET", "/actions/runs/31/artifacts", reply([{"id": at, "name": f"out-{at}"} for at in (8, 7)]))
    assert [job.name for job in peer.forgejo.jobs(31)[1:]] == ["out-8", "out-7"]
    assert len(peer.requests) == 3


def test_r5_log_and_archive_come_in_pieces_the_log_of_the_first_attempt(peer: Peer) -> None:
    peer.on("GET", "/actions/jobs/5/logs", httpx.Response(200, content=iter([b"a", b"b"])))
    peer.on("GET", "/actions/artifacts/7/zip", httpx.Response(200, content=iter([b"c", b"d"])))
    with peer.forgejo.log(5) as pieces:
        assert b"".join(pieces) == b"ab"
    assert peer.requests[0].url.params["attempt"] == "1"
    with peer.forgejo.artifacts(7) as pieces:
        assert b"".join(pieces) == b"cd"


def test_l9_an_archive_elsewhere_is_fetched_without_the_token() -> None:
    peer = Peer(extra_origins=["https://storage.example"])
    away = httpx.Response(302, headers={"location": f"https://storage.example{API}/file"})
    peer.on("GET", "/actions/artifacts/7/zip", away)
    peer.on("GET", "/file", httpx.Response(200, content=b"zip"))
    with peer.forgejo.artifacts(7) as pieces:
        assert b"".join(pieces) == b"zip"
    assert ["authorization" in request.headers for request in peer.requests] == [True, False]


def test_cancel_asks_once(peer: Peer) -> None:
    peer.on("POST", "/actions/runs/31/cancel", httpx.Response(204))
    peer.forgejo.cancel(31)
    assert len(peer.requests) == 1


def test_r4_the_project_does_not_tell_its_file(peer: Peer) -> None:
    peer.on("GET", "", reply({"full_name": "seller/job", "private": True}))
    assert peer.forgejo.project() == Project(private=True, configuration="")


@pytest.mark.parametrize(
    ("patterns", "head"),
    [(["v*"], SHA), (["x", "v1"], SHA), (["x*"], ""), (["/^v.*$/", "/v1/"], ""), (["~ALL"], ""), ([], "")],
)
def test_r4_the_head_is_the_protected_tags_commit(peer: Peer, patterns: list[str], head: str) -> None:
    peer.on("GET", "/tags/v1", reply({"name": "v1", "id": "b" * 40, "commit": {"sha": SHA}}))
    peer.on("GET", "/tag_protections", reply([{"id": 1, "name_pattern": each} for each in patterns]))
    assert peer.forgejo.head() == head


def test_r4_a_tag_that_is_gone_is_no_head_but_a_hidden_repository_is_a_refusal(peer: Peer) -> None:
    peer.on("GET", "/tags/v1", reply({"message": "not found"}, 404))
    peer.on("GET", "", reply({"private": True}))
    assert peer.forgejo.head() == ""
    peer.on("GET", "", reply({"message": "not found"}, 404))
    with pytest.raises(ProviderRefused, match="forgejo answered 404: not found"):
        peer.forgejo.head()
