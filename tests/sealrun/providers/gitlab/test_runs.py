"""The provider against a GitLab that really runs pipelines."""

import io
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from local.repositories import commit_all
from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.providers.gitlab.client import GitLab
from sealrun.runs.run import Job, JobResult, RunStatus
from tests.answers import wait_until_over
from tests.outgoing import HttpxClient
from tests.sealrun.providers.gitlab.conftest import Setting
from tests.sealrun.providers.gitlab.samples import CALL, HEADER, OTHER_CALL, head

pytestmark = pytest.mark.peers


def _jobs(gitlab: GitLab, run_id: int) -> dict[str, Job]:
    return {job.name: job for job in gitlab.jobs(run_id)}


def _log(gitlab: GitLab, job: Job) -> str:
    with gitlab.log(job.id) as pieces:
        return b"".join(pieces).decode()


def _archive(gitlab: GitLab, job: Job) -> dict[str, str]:
    with gitlab.artifacts(job.id) as pieces, zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_r4_a_pipeline_runs_at_the_tag_and_leaves_log_and_artifacts(setting: Setting) -> None:
    project = setting.project()
    token = setting.server.create_token(project)
    gitlab = setting.open(project, token)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={"level": 7, "flavour": "salted"}))
    assert run.status is RunStatus.SUCCEEDED
    assert (run.project, run.user, run.name) == (str(project), token.user, f"sealrun {CALL}")
    assert (run.ref, run.sha) == ("refs/tags/v1", head(setting.repositories["good"]))
    assert run.source == "api"
    assert 0 < run.created_at <= run.started_at <= run.finished_at <= time.time()
    jobs = _jobs(gitlab, run.id)
    assert [(job.name, job.status, job.has_artifacts) for job in jobs.values()] == [
        ("build", "success", True),
        ("check", "success", False),
    ]
    assert f"building for {CALL}" in _log(gitlab, jobs["build"])
    assert "was a success" in _log(gitlab, jobs["build"])
    files = _archive(gitlab, jobs["build"])
    assert files["out/inputs.txt"] == "level=7 flavour=salted\n"
    told = dict(line.split("=", 1) for line in files["out/variables.txt"].splitlines())
    expected = {
        "CI_JOB_ID": str(jobs["build"].id),
        "CI_JOB_NAME": "build",
        "CI_PIPELINE_ID": str(run.id),
        "CI_PIPELINE_SOURCE": "api",
        "CI_COMMIT_TAG": "v1",
        "CI_COMMIT_REF_NAME": "v1",
        "CI_COMMIT_SHA": run.sha,
        "CI_PROJECT_ID": str(project),
        "CI_SERVER_URL": setting.server.url,
    }
    assert {name: told.get(name) for name in expected} == expected
    assert not told.get("CI_COMMIT_BRANCH")


def test_l9_the_object_storage_never_sees_the_token(setting: Setting) -> None:
    gitlab = setting.job()
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    storage = setting.server.storage
    assert storage is not None
    before = len(storage.requests)
    _archive(gitlab, _jobs(gitlab, run.id)["build"])
    seen = storage.requests[before:]
    assert len(seen) == 1
    assert "private-token" not in seen[0]


def test_a_failed_job_tells_why(setting: Setting) -> None:
    gitlab = setting.job("failing")
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    assert run.status is RunStatus.FAILED
    check = _jobs(gitlab, run.id)["check"]
    assert (check.status, check.failure_reason) == ("failed", "script_failure")
    assert "about to fail" in _log(gitlab, check)


def test_a_job_that_runs_out_of_time_tells_why(setting: Setting) -> None:
    gitlab = setting.job("sleeping")
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    assert run.status is RunStatus.FAILED
    assert _jobs(gitlab, run.id)["check"].failure_reason == "job_execution_timeout"


def test_a_running_pipeline_is_canceled_and_a_finished_one_stays_as_it_is(setting: Setting) -> None:
    gitlab = setting.job("waiting")
    run = gitlab.start(name=CALL, inputs={})
    while _jobs(gitlab, run.id)["check"].status != "running":
        time.sleep(0.1)
    gitlab.cancel(run.id)
    run = wait_until_over(gitlab, run)
    assert run.status is RunStatus.CANCELED
    gitlab.cancel(run.id)
    assert gitlab.read(run.id) == run


def test_pipelines_over_the_number_of_runners_wait(setting: Setting) -> None:
    gitlab = setting.job("waiting")
    runs = [gitlab.start(name=CALL, inputs={}) for _ in range(3)]
    last = gitlab.read(runs[-1].id)
    assert last.status is RunStatus.WAITING
    for run in reversed(runs):
        gitlab.cancel(run.id)
    assert {wait_until_over(gitlab, run).status for run in runs} == {RunStatus.CANCELED}
    assert gitlab.read(last.id).started_at == 0


def test_a_trigger_token_runs_and_reads_a_public_project(setting: Setting) -> None:
    project = setting.project(public=True)
    gitlab = setting.open(project, setting.server.create_token(project, trigger=True))
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={"level": 5}))
    assert (run.status, run.source) == (RunStatus.SUCCEEDED, "trigger")
    assert run.user == setting.server.store.projects[project].owner
    build = _jobs(gitlab, run.id)["build"]
    assert "building for" in _log(gitlab, build)
    assert _archive(gitlab, build)["out/inputs.txt"] == "level=5 flavour=plain\n"


def test_a_trigger_token_starts_but_cannot_read_a_private_project(setting: Setting) -> None:
    project = setting.project()
    gitlab = setting.open(project, setting.server.create_token(project, trigger=True))
    with pytest.raises(ProviderUnclear, match=r"was started but not read.*404 Project Not Found"):
        gitlab.start(name=CALL, inputs={})


@pytest.mark.parametrize("trigger", [False, True])
def test_variables_run_where_the_project_takes_them(setting: Setting, *, trigger: bool) -> None:
    project = setting.project("variables", public=True)
    token = setting.server.create_token(project, trigger=trigger)
    gitlab = setting.open(project, token, use_variables=True)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={"level": 5}))
    assert run.name == f"sealrun {CALL}"
    assert "level=5" in _log(gitlab, _jobs(gitlab, run.id)["build"])


def test_variables_are_refused_where_the_project_takes_none(setting: Setting) -> None:
    project = setting.project("variables", role="no_one_allowed")
    gitlab = setting.open(project, setting.server.create_token(project), use_variables=True)
    with pytest.raises(ProviderRefused, match="Insufficient permissions to set pipeline variables"):
        gitlab.start(name=CALL, inputs={})


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"level": "7"}, "`level` input: provided value is not a number"),
        ({"flavour": "sour"}, "`flavour` input: `sour` cannot be used because it is not in the list"),
        ({"colour": "red"}, "unknown input arguments: colour"),
    ],
)
def test_r2_inputs_that_the_pipeline_does_not_take_are_refused(
    setting: Setting, inputs: dict[str, object], words: str
) -> None:
    gitlab = setting.job()
    with pytest.raises(ProviderRefused, match=words):
        gitlab.start(name=CALL, inputs=inputs)
    assert gitlab.find(CALL) == []


def test_a_call_hash_that_is_none_is_refused(setting: Setting) -> None:
    with pytest.raises(ProviderRefused, match="does not match required regex"):
        setting.job().start(name="$(reboot)", inputs={})


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("refs/tags/v2", "Reference not found"),
        ("refs/heads/v1", "Reference not found"),
        ("both", "Ref is ambiguous"),
        ("--upload-pack=x", "Reference not found"),
    ],
)
def test_r4_a_ref_is_found_by_its_full_name_only(setting: Setting, ref: str, words: str) -> None:
    project = setting.project()
    token = setting.server.create_token(project).value
    gitlab = GitLab(setting.client, origin=setting.server.url, project=str(project), ref=ref, token=token)
    with pytest.raises(ProviderRefused, match=words):
        gitlab.start(name=CALL, inputs={})


def test_a_full_ref_tells_a_tag_from_a_branch_of_the_same_name(setting: Setting) -> None:
    project = setting.project()
    token = setting.server.create_token(project).value
    gitlab = GitLab(
        setting.client, origin=setting.server.url, project=str(project), ref="refs/tags/both", token=token
    )
    assert gitlab.start(name=CALL, inputs={}).ref == "refs/tags/both"


def test_r1_tokens_that_are_unknown_expired_revoked_or_may_only_read_are_refused(setting: Setting) -> None:
    project, server = setting.project(), setting.server
    tokens = {
        "Token is expired": server.create_token(project, expires_at="2026-01-01"),
        "Token was revoked": server.create_token(project),
        "higher privileges": server.create_token(project, scopes=["read_api"]),
        "404 Project Not Found": server.create_token(setting.project()),
    }
    server.revoke_token(tokens["Token was revoked"])
    for words, token in tokens.items():
        with pytest.raises(ProviderRefused, match=words) as refused:
            setting.open(project, token).start(name=CALL, inputs={})
        assert token.value not in refused.value.detail


def test_r3_a_run_is_found_by_its_exact_name(setting: Setting) -> None:
    gitlab = setting.job()
    run = gitlab.start(name=CALL, inputs={})
    gitlab.start(name=OTHER_CALL, inputs={})
    assert [found.id for found in gitlab.find(CALL)] == [run.id]
    assert gitlab.find(CALL[:-1]) == []


def test_r5_a_job_that_was_retried_is_told_by_its_first_attempt(setting: Setting) -> None:
    project = setting.project("failing")
    token = setting.server.create_token(project)
    gitlab = setting.open(project, token)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    first = _jobs(gitlab, run.id)["check"]
    url = f"{setting.server.url}/api/v4/projects/{project}/jobs/{first.id}/retry"
    assert httpx.post(url, headers={"private-token": token.value}).status_code == 201
    wait_until_over(gitlab, gitlab.read(run.id))
    again = _jobs(gitlab, run.id)["check"]
    assert (again.id, again.retried) == (first.id, True)
    assert not _jobs(gitlab, run.id)["build"].retried


def test_r5_a_job_that_retries_by_itself_is_told_by_its_first_attempt(setting: Setting) -> None:
    gitlab = setting.job("flaky")
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    assert run.status is RunStatus.SUCCEEDED
    jobs = _jobs(gitlab, run.id)
    assert (jobs["build"].status, jobs["build"].retried) == ("failed", True)
    assert (jobs["check"].status, jobs["check"].retried) == ("success", False)


@pytest.mark.parametrize("kind", ["error_after", "lost", "garbage"])
def test_r3_an_answer_lost_after_the_start_is_unclear_and_the_run_is_found(
    setting: Setting, kind: str
) -> None:
    gitlab = setting.job(checked=kind != "garbage")
    setting.server.faults.add("create_pipeline", kind)
    with pytest.raises(ProviderUnclear):
        gitlab.start(name=CALL, inputs={})
    assert len(gitlab.find(CALL)) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("busy", ProviderBusy),
        ("throttled", ProviderBusy),
        ("error", ProviderUnclear),
        ("refused", ProviderUnclear),
    ],
)
def test_r3_a_fault_before_the_start_leaves_no_run(
    setting: Setting, kind: str, error: type[Exception]
) -> None:
    gitlab = setting.job()
    setting.server.faults.add("create_pipeline", kind)
    with pytest.raises(error):
        gitlab.start(name=CALL, inputs={})
    assert gitlab.find(CALL) == []


def test_r3_the_time_to_wait_comes_from_the_server(setting: Setting) -> None:
    gitlab = setting.job()
    setting.server.faults.add("create_pipeline", "busy", retry_after=7)
    with pytest.raises(ProviderBusy) as busy:
        gitlab.start(name=CALL, inputs={})
    assert busy.value.retry_after == 7


def test_r3_a_doubled_start_leaves_two_runs_and_both_are_found(setting: Setting) -> None:
    gitlab = setting.job()
    setting.server.faults.add("create_pipeline", "doubled")
    run = gitlab.start(name=CALL, inputs={})
    found = [one.id for one in gitlab.find(CALL)]
    assert len(found) == 2
    assert found == sorted(found)
    assert run.id == found[1]


def test_r3_a_start_that_is_done_late_is_found_later(setting: Setting) -> None:
    gitlab = setting.job()
    setting.server.faults.add("create_pipeline", "late", seconds=1)
    with pytest.raises(ProviderUnclear, match="504"):
        gitlab.start(name=CALL, inputs={})
    assert gitlab.find(CALL) == []
    ends = time.monotonic() + 20
    while not gitlab.find(CALL):
        assert time.monotonic() < ends
        time.sleep(0.2)
    assert len(gitlab.find(CALL)) == 1


def test_reads_pass_over_one_fault(setting: Setting) -> None:
    gitlab = setting.job(checked=False)
    run = gitlab.start(name=CALL, inputs={})
    for kind in ("error", "refused", "garbage", "slow"):
        setting.server.faults.add("read_pipeline", kind, seconds=0.2)
        assert gitlab.read(run.id).id == run.id


def test_nobody_listening_is_busy(setting: Setting) -> None:
    storage = setting.server.storage
    assert storage is not None
    gone = HttpxClient(transport=httpx.HTTPTransport())
    gitlab = GitLab(gone, origin="http://127.0.0.1:9", project="1", ref="refs/tags/v1", token="glpat-x")
    with gone, pytest.raises(ProviderBusy, match="nothing was sent"):
        gitlab.start(name=CALL, inputs={})


def test_r8_a_child_pipelines_jobs_are_read_with_their_logs(setting: Setting, tmp_path: Path) -> None:
    repository = tmp_path / "family"
    repository.mkdir()
    kid = "kid:\n  trigger: {include: child.yml, strategy: depend}\n"
    child = "one:\n  script: [echo hello]\ntwo:\n  allow_failure: true\n  script: [exit 1]\n"
    files = {".gitlab-ci.yml": HEADER + kid, "child.yml": child}
    for name, text in files.items():
        (repository / name).write_text(text.replace("stages: [build, check]\n", ""))
    commit_all(repository, "v1")
    project = setting.server.create_project("sealrun/children", repository)
    gitlab = setting.open(project, setting.server.create_token(project), checked=False)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    assert run.status is RunStatus.SUCCEEDED
    jobs = _jobs(gitlab, run.id)
    told = {name: (job.result, job.may_fail) for name, job in jobs.items()}
    assert told == {
        "kid": (JobResult.SUCCEEDED, False),
        "kid/one": (JobResult.SUCCEEDED, False),
        "kid/two": (JobResult.FAILED, True),
    }
    assert "hello" in _log(gitlab, jobs["kid/one"])
