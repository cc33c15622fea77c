"""The provider against the local GitHub, whose workflows act really runs; all answers are as described."""

import io
import time
import zipfile

import httpx
import pytest

from local.repositories import git
from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.providers.github.client import GitHub
from sealrun.runs.judge import run_name
from sealrun.runs.run import Project, Run, RunStatus
from tests.answers import wait_until_over
from tests.described import DescribedTransport
from tests.sealrun.providers.github.conftest import Setting
from tests.sealrun.providers.github.peer import CALL
from tests.sealrun.providers.github.samples import FILE

pytestmark = pytest.mark.peers
OTHER_CALL = "fedcba9876543210" * 4


def read(github: GitHub, kind: str, job_id: int) -> bytes:
    with getattr(github, kind)(job_id) as pieces:
        return b"".join(pieces)


def find(github: GitHub, name: str = CALL) -> list[Run]:
    return github.find(name, since=int(time.time()))


def test_a_run_really_runs_and_leaves_jobs_logs_and_archives(setting: Setting) -> None:
    github = setting.job()
    run = github.start(name=CALL, inputs={"level": 7, "flavour": "salted"})
    assert (run.ref, run.source, run.name) == ("refs/tags/v1", "workflow_dispatch", run_name(CALL))
    assert run.sha == git(setting.folders["good"], "rev-parse", "v1")
    over = wait_until_over(github, run)
    assert (over.status, over.name) == (RunStatus.SUCCEEDED, run_name(CALL))
    assert over.created_at <= over.started_at <= over.finished_at
    jobs = {job.name: job for job in github.jobs(run.id)}
    assert {name: job.status for name, job in jobs.items()} == {
        "build": "success",
        "check (1)": "success",
        "check (2)": "success",
        "built": "artifact",
        "lines": "artifact",
    }
    log = read(github, "log", jobs["build"].id).decode()
    assert f"Z building for {CALL}\n" in log
    archive = zipfile.ZipFile(io.BytesIO(read(github, "artifacts", jobs["built"].id)))
    assert archive.read("inputs.txt") == b"level=7 flavour=salted\n"
    variables = archive.read("deep/variables.txt").decode().splitlines()
    assert {f"GITHUB_RUN_ID={run.id}", "GITHUB_REF=refs/tags/v1", f"GITHUB_SHA={run.sha}"} <= set(variables)
    lines = zipfile.ZipFile(io.BytesIO(read(github, "artifacts", jobs["lines"].id)))
    assert lines.namelist() == ["inputs.txt"]
    transport = setting.client._transport
    assert isinstance(transport, DescribedTransport)
    assert transport.checked > 8


def test_l9_the_storage_never_sees_the_token(setting: Setting) -> None:
    assert setting.server.storage.requests
    assert all("authorization" not in headers for headers in setting.server.storage.requests)


def test_a_failed_job_tells_why_and_what_never_ran_is_skipped(setting: Setting) -> None:
    github = setting.job("failing")
    run = wait_until_over(github, github.start(name=CALL, inputs={}))
    jobs = {job.name: job for job in github.jobs(run.id)}
    assert run.status is RunStatus.FAILED
    assert (jobs["check"].status, jobs["check"].failure_reason) == ("failure", "failure")
    assert (jobs["after"].status, jobs["after"].failure_reason) == ("skipped", "")
    assert b"about to fail" in read(github, "log", jobs["check"].id)
    with pytest.raises(ProviderRefused, match="404: Not Found"):
        read(github, "log", jobs["after"].id)


def test_a_run_is_stopped_and_stays_so(setting: Setting) -> None:
    github = setting.job("waiting")
    run = github.start(name=CALL, inputs={})
    while github.read(run.id).status is not RunStatus.RUNNING:
        time.sleep(0.05)
    github.cancel(run.id)
    assert wait_until_over(github, run).status is RunStatus.CANCELED
    github.cancel(run.id)
    assert {job.status for job in github.jobs(run.id)} <= {"cancelled"}


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"colour": "red"}, r'Unexpected inputs provided: \["colour"\]'),
        ({"flavour": "sour"}, "Provided value 'sour' for input 'flavour' not in the list of allowed values"),
    ],
)
def test_r2_a_refusal_is_in_githubs_words(setting: Setting, inputs: dict[str, object], words: str) -> None:
    with pytest.raises(ProviderRefused, match=f"github answered 422: {words}"):
        setting.job().start(name=CALL, inputs=inputs)


def test_a_ref_that_is_not_there_and_a_workflow_that_is_not_there(setting: Setting) -> None:
    with pytest.raises(ProviderRefused, match="422: No ref found for: refs/tags/v9"):
        setting.job(ref="refs/tags/v9").start(name=CALL, inputs={})
    repository = setting.repository()
    repository.disabled.add("job.yml")
    github = setting.open(repository, setting.server.create_token(repository).value)
    with pytest.raises(ProviderRefused, match="disabled workflow"):
        github.start(name=CALL, inputs={})
    with pytest.raises(ProviderRefused, match="expected an active one"):
        github.project()


def test_r1_a_token_of_another_repository_one_that_may_only_read_and_a_revoked_one(setting: Setting) -> None:
    repository, other = setting.repository(), setting.repository()
    token = setting.server.create_token(other)
    with pytest.raises(ProviderRefused, match="404: Not Found"):
        setting.open(repository, token.value).read(1)
    reader = setting.server.create_token(repository, write=False)
    with pytest.raises(ProviderRefused, match="403: Resource not accessible by personal access token"):
        setting.open(repository, reader.value).start(name=CALL, inputs={})
    token.revoked = True
    with pytest.raises(ProviderRefused, match="401: Bad credentials"):
        setting.open(other, token.value).head()


@pytest.mark.parametrize("tag", ["v1", "v2"])
def test_r4_head_is_the_protected_tags_commit(setting: Setting, tag: str) -> None:
    commit = git(setting.folders["good"], "rev-parse", "HEAD")
    assert setting.job(ref=f"refs/tags/{tag}").head() == commit
    assert setting.job(ref="refs/tags/v3").head() == ""
    repository = setting.server.create_repository("sealrun/loose", setting.folders["good"], protected_tags=[])
    assert setting.open(repository, setting.server.create_token(repository).value).head() == ""


def test_r4_the_project_tells_its_file(setting: Setting) -> None:
    assert setting.job().project() == Project(private=True, configuration=FILE)


def test_r3_a_lost_answer_is_found_by_its_exact_name(setting: Setting) -> None:
    github = setting.job("waiting")
    setting.server.faults.add("dispatch", "lost")
    with pytest.raises(ProviderUnclear):
        github.start(name=CALL, inputs={})
    github.start(name=OTHER_CALL, inputs={})
    (found,) = find(github)
    assert (found.name, found.source) == (run_name(CALL), "workflow_dispatch")
    assert find(github, CALL[:-1]) == []
    assert github.find(CALL, since=int(time.time()) - 7200) == []


def test_r3_two_runs_of_one_name_are_both_found_the_lowest_first(setting: Setting) -> None:
    github = setting.job("waiting")
    setting.server.faults.add("dispatch", "doubled")
    second = github.start(name=CALL, inputs={})
    found = [run.id for run in find(github)]
    assert found == sorted(found)
    assert found[-1] == second.id
    assert len(found) == 2


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("busy", ProviderBusy),
        ("throttled", ProviderBusy),
        ("error", ProviderUnclear),
        ("refused", ProviderUnclear),
    ],
)
def test_r3_trouble_before_a_start_starts_nothing(
    setting: Setting, kind: str, error: type[Exception]
) -> None:
    github = setting.job("waiting")
    setting.server.faults.add("dispatch", kind, retry_after=9)
    with pytest.raises(error) as caught:
        github.start(name=CALL, inputs={})
    assert getattr(caught.value, "retry_after", 9) == 9
    assert find(github) == []


def test_r3_trouble_after_a_start_is_unclear(setting: Setting) -> None:
    github = setting.job("waiting")
    setting.server.faults.add("dispatch", "error_after")
    with pytest.raises(ProviderUnclear):
        github.start(name=CALL, inputs={})
    assert len(find(github)) == 1


def test_an_older_version_of_the_api_answers_without_an_id(setting: Setting) -> None:
    """Which is why the adapter asks for the newer one."""
    repository = setting.repository("waiting")
    token = setting.server.create_token(repository).value
    url = f"{setting.server.url}/repos/{repository.full_name}/actions/workflows/job.yml/dispatches"
    headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"}
    body = {"ref": "v1", "inputs": {"sealrun_call": CALL}}
    assert httpx.post(url, json=body, headers=headers).status_code == 204


def test_what_the_command_asks_is_as_described_too(setting: Setting) -> None:
    repository = setting.repository()
    bearer = {"Authorization": f"Bearer {setting.server.create_token(repository).value}"}
    client, url = setting.client, f"{setting.server.url}/repos/{repository.full_name}/hooks"
    user = client.get(f"{setting.server.url}/user", headers=bearer)
    assert user.json()["id"] == repository.owner.id
    assert user.headers["github-authentication-token-expiration"].startswith("2027-02-01")
    config = {"url": "http://127.0.0.1:9/", "content_type": "json", "secret": "x", "insecure_ssl": "0"}
    body = {"name": "web", "active": True, "events": ["workflow_run"], "config": config}
    made = client.post(url, headers=bearer, json=body)
    assert made.status_code == 201
    assert [hook["id"] for hook in client.get(url, headers=bearer).json()] == [made.json()["id"]]
    assert client.delete(f"{url}/{made.json()['id']}", headers=bearer).status_code == 204
