"""PyGithub, which nobody here wrote, drives the local GitHub."""

import hashlib
import io
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from github import Auth, Github, GithubException, UnknownObjectException
from github.Repository import Repository
from github.WorkflowRun import WorkflowRun

from tests.local.github.peer import Setting
from tests.sealrun.providers.github.peer import CALL

pytestmark = pytest.mark.peers
INPUTS = {"sealrun_call": CALL, "level": "5"}


@pytest.fixture
def client(setting: Setting) -> Iterator[tuple[Github, Repository]]:
    repository = setting.repository()
    token = setting.server.create_token(repository).value
    with Github(base_url=setting.server.url, auth=Auth.Token(token), retry=None) as client:
        yield client, client.get_repo(repository.full_name)


def finished(repository: Repository, run_id: int) -> WorkflowRun:
    ends = time.monotonic() + 60
    while (run := repository.get_workflow_run(run_id)).status != "completed":
        assert time.monotonic() < ends
        time.sleep(0.1)
    return run


def test_it_starts_a_workflow_and_reads_what_the_run_left(
    client: tuple[Github, Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    github, repository = client
    assert github.get_user().login == repository.owner.login
    workflow = repository.get_workflow("job.yml")
    assert (workflow.name, workflow.state, workflow.path) == ("job", "active", ".github/workflows/job.yml")
    started = workflow.create_dispatch("refs/tags/v1", INPUTS, throw=True, return_run_details=True)
    assert isinstance(started, WorkflowRun)
    run = finished(repository, started.id)
    assert (run.conclusion, run.display_title, run.event) == (
        "success",
        f"sealrun {CALL}",
        "workflow_dispatch",
    )
    assert run.head_sha == repository.get_git_ref("tags/v1").object.sha
    assert sorted(job.name for job in run.jobs()) == ["build", "check (1)", "check (2)"]
    (built, lines) = run.get_artifacts()
    assert (built.name, lines.name) == ("built", "lines")
    # PyGithub itself follows to no other port of this machine.
    status, headers, _ = built.requester.requestJson("GET", built.archive_download_url)
    assert status == 302
    content = httpx.get(str(headers["location"])).content
    assert built.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert zipfile.ZipFile(io.BytesIO(content)).read("inputs.txt") == b"level=5 flavour=plain\n"
    assert [one.id for one in workflow.get_runs()] == [run.id]
    assert list(workflow.get_runs(event="workflow_dispatch")) == []
    monkeypatch.setattr("local.github.routes_runs.INDEX_SECONDS", 0)
    assert [one.id for one in workflow.get_runs(event="workflow_dispatch")] == [run.id]
    assert workflow.get_runs(created=">=2999-01-01").totalCount == 0


def test_it_is_refused_in_githubs_words(client: tuple[Github, Repository]) -> None:
    _, repository = client
    workflow = repository.get_workflow("job.yml")
    with pytest.raises(GithubException, match="Unexpected inputs provided") as refused:
        workflow.create_dispatch("v1", {**INPUTS, "colour": "red"}, throw=True)
    assert refused.value.status == 422
    with pytest.raises(GithubException, match="Required input 'sealrun_call' not provided"):
        workflow.create_dispatch("v1", {}, throw=True)
    with pytest.raises(GithubException, match="No ref found for: v9"):
        workflow.create_dispatch("v9", INPUTS, throw=True)
    with pytest.raises(UnknownObjectException):
        repository.get_workflow("another.yml")


def test_it_adds_and_removes_a_webhook(client: tuple[Github, Repository]) -> None:
    _, repository = client
    config = {"url": "http://127.0.0.1:9/hook", "content_type": "json", "secret": "very secret"}
    hook = repository.create_hook("web", config, ["workflow_run"], active=True)
    (listed,) = repository.get_hooks()
    assert (listed.id, listed.config["url"]) == (hook.id, config["url"])
    assert "very secret" not in str(listed.config)
    hook.delete()
    assert list(repository.get_hooks()) == []
