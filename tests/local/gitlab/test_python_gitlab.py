"""The local GitLab driven by python-gitlab, a client that knows nothing of it."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from gitlab import Gitlab
from gitlab.exceptions import (
    GitlabAuthenticationError,
    GitlabCreateError,
    GitlabGetError,
    GitlabHttpError,
    GitlabJobRetryError,
    GitlabListError,
)

from tests.local.gitlab.peer import Setting
from tests.sealrun.providers.gitlab.samples import CALL, OTHER_CALL, head

pytestmark = pytest.mark.peers

INPUTS = {"sealrun_call": CALL, "level": 4}


@pytest.fixture
def client(setting: Setting) -> Iterator[Gitlab]:
    project = setting.project()
    with Gitlab(setting.server.url, private_token=setting.server.create_token(project).value) as client:
        yield client


def _project(client: Gitlab) -> Any:
    client.auth()
    assert client.user is not None
    return client.projects.get(int(client.user.username.split("_")[1]))


def _wait(pipeline: Any) -> Any:
    ends = time.monotonic() + 60
    while pipeline.status not in ("success", "failed", "canceled", "skipped"):
        assert time.monotonic() < ends, f"the pipeline is still {pipeline.status}"
        time.sleep(0.1)
        pipeline.refresh()
    return pipeline


def test_a_pipeline_is_created_and_runs(setting: Setting, client: Gitlab) -> None:
    project = _project(client)
    pipeline = project.pipelines.create({"ref": "v1", "inputs": INPUTS})
    assert not hasattr(pipeline, "name")  # the answer to a creation has none
    _wait(pipeline)
    assert pipeline.status == "success"
    assert pipeline.name == f"sealrun {CALL}"
    assert pipeline.sha == head(setting.repositories["good"])
    assert (pipeline.tag, pipeline.source) == (True, "api")
    assert client.user is not None
    assert pipeline.user["id"] == client.user.id
    assert pipeline.duration is not None


def test_a_project_is_found_by_its_path_too(client: Gitlab) -> None:
    project = _project(client)
    assert client.projects.get(project.path_with_namespace).id == project.id


def test_a_tag_says_its_commit_and_whether_it_is_protected(setting: Setting, client: Gitlab) -> None:
    project = _project(client)
    tag = project.tags.get("v1")
    commit = head(setting.repositories["good"])
    assert (tag.name, tag.commit["id"], tag.protected) == ("v1", commit, True)
    with pytest.raises(GitlabGetError, match="404: 404 Tag Not Found"):
        project.tags.get("v9")


def test_the_adapter_sees_the_tag_of_an_offer(setting: Setting) -> None:
    project = setting.project()
    token = setting.server.create_token(project)
    assert setting.open(project, token).head() == head(setting.repositories["good"])
    setting.server.store.projects[project].protected_tags = ["release-*"]
    assert setting.open(project, token).head() == ""


def test_jobs_log_artifacts_and_one_file(client: Gitlab) -> None:
    project = _project(client)
    pipeline = _wait(project.pipelines.create({"ref": "v1", "inputs": INPUTS}))
    jobs = {job.name: project.jobs.get(job.id) for job in pipeline.jobs.list(get_all=True)}
    assert list(jobs) == ["check", "build"]  # the newest first
    assert b"building for" in jobs["build"].trace()
    streamed = b"".join(jobs["build"].artifacts(streamed=True, iterator=True))
    assert zipfile.ZipFile(io.BytesIO(streamed)).read("out/inputs.txt") == b"level=4 flavour=plain\n"
    assert jobs["build"].artifact("out/inputs.txt") == b"level=4 flavour=plain\n"
    with pytest.raises(GitlabGetError, match="404"):
        jobs["build"].artifact("out/other.txt")
    with pytest.raises(GitlabGetError, match="404"):
        jobs["check"].artifacts()
    assert jobs["check"].runner["description"]


def test_python_gitlab_shows_its_token_to_the_object_storage(setting: Setting, client: Gitlab) -> None:
    """It follows redirects with requests, which takes off Authorization only: another reason for ours."""
    project = _project(client)
    pipeline = _wait(project.pipelines.create({"ref": "v1", "inputs": INPUTS}))
    build = next(job for job in pipeline.jobs.list(get_all=True) if job.name == "build")
    project.jobs.get(build.id).artifacts()
    storage = setting.server.storage
    assert storage is not None
    assert storage.requests[-1]["private-token"] == client.private_token


def test_a_retry_makes_a_second_attempt(client: Gitlab) -> None:
    project = _project(client)
    pipeline = _wait(project.pipelines.create({"ref": "v1", "inputs": INPUTS}))
    job = next(job for job in pipeline.jobs.list(get_all=True) if job.name == "check")
    project.jobs.get(job.id).retry()
    pipeline.refresh()
    _wait(pipeline)
    names = [one.name for one in pipeline.jobs.list(get_all=True, include_retried=True)]
    assert sorted(names) == ["build", "check", "check"]
    assert len(pipeline.jobs.list(get_all=True)) == 2
    with pytest.raises(GitlabJobRetryError, match="Job is not retryable"):
        project.jobs.get(job.id).retry()


def test_a_failed_pipeline_is_retried_as_a_whole(setting: Setting) -> None:
    project_id = setting.project("failing")
    with Gitlab(setting.server.url, private_token=setting.server.create_token(project_id).value) as client:
        pipeline = _wait(client.projects.get(project_id).pipelines.create({"ref": "v1", "inputs": INPUTS}))
        assert pipeline.status == "failed"
        pipeline.retry()
        pipeline.refresh()
        _wait(pipeline)
        names = [one.name for one in pipeline.jobs.list(get_all=True, include_retried=True)]
    assert sorted(names) == ["build", "check", "check"]


def test_lists_come_in_pages_and_by_filter(client: Gitlab) -> None:
    project = _project(client)
    other = {**INPUTS, "sealrun_call": OTHER_CALL}
    ids = [project.pipelines.create({"ref": "v1", "inputs": one}).id for one in (INPUTS, other, INPUTS)]
    assert [one.id for one in project.pipelines.list(get_all=True)] == ids[::-1]
    ascending = project.pipelines.list(iterator=True, per_page=2, order_by="id", sort="asc")
    assert (ascending.total, ascending.total_pages, ascending.per_page) == (3, 2, 2)
    assert [one.id for one in ascending] == ids
    named = project.pipelines.list(name=f"sealrun {CALL}", get_all=True)
    assert [one.id for one in named] == [ids[2], ids[0]]
    assert "user" not in named[0].attributes
    assert project.pipelines.list(name="sealrun", get_all=True) == []
    assert len(project.pipelines.list(sha=named[0].sha, source="api", ref="v1", get_all=True)) == 3
    with pytest.raises(GitlabListError, match="sort does not have a valid value"):
        project.pipelines.list(sort="up", get_all=True)


def test_a_trigger_token_starts_a_pipeline(setting: Setting) -> None:
    project_id = setting.project(public=True)
    token = setting.server.create_token(project_id, trigger=True)
    with Gitlab(setting.server.url) as anyone:
        project = anyone.projects.get(project_id)
        pipeline = project.trigger_pipeline("v1", token.value, inputs={"sealrun_call": CALL})
        assert (pipeline.source, pipeline.user["id"]) == ("trigger", token.user)
        with pytest.raises(GitlabCreateError, match="404"):
            project.trigger_pipeline("v1", "glptt-wrong")
        _wait(project.pipelines.get(pipeline.id))
        job = pipeline.jobs.list(get_all=True)[0]
        with pytest.raises(GitlabAuthenticationError, match="401"):
            project.jobs.get(job.id, lazy=True).trace()
        with pytest.raises(GitlabAuthenticationError):
            project.pipelines.create({"ref": "v1", "inputs": INPUTS})


def test_variables_of_project_and_pipeline(setting: Setting) -> None:
    project_id = setting.project("variables")
    with Gitlab(setting.server.url, private_token=setting.server.create_token(project_id).value) as client:
        project = client.projects.get(project_id)
        project.variables.create({"key": "level", "value": "9"})
        assert [(one.key, one.value) for one in project.variables.list(get_all=True)] == [("level", "9")]
        with pytest.raises(GitlabCreateError, match="has already been taken"):
            project.variables.create({"key": "level", "value": "9"})
        pipeline = project.pipelines.create(
            {"ref": "v1", "variables": [{"key": "sealrun_call", "value": CALL}]}
        )
        _wait(pipeline)
        assert pipeline.name == f"sealrun {CALL}"
        assert [(one.key, one.value) for one in pipeline.variables.list(get_all=True)] == [
            ("sealrun_call", CALL)
        ]
        assert b"level=9" in project.jobs.get(pipeline.jobs.list(get_all=True)[0].id).trace()


def test_hooks_are_kept_and_their_secrets_are_not_shown(client: Gitlab) -> None:
    project = _project(client)
    hook = project.hooks.create(
        {
            "url": "http://127.0.0.1:9/x",
            "pipeline_events": True,
            "token": "s3cret",
            "signing_token": "whsec_AAAA",
        }
    )
    assert "s3cret" not in json.dumps(hook.attributes)
    assert "whsec_AAAA" not in json.dumps(hook.attributes)
    assert hook.signing_token_present
    assert [one.id for one in project.hooks.list(get_all=True)] == [hook.id]
    project.hooks.delete(hook.id)
    assert project.hooks.list(get_all=True) == []


def test_protected_tags_are_told(client: Gitlab) -> None:
    assert [one.name for one in _project(client).protectedtags.list(get_all=True)] == ["v*"]


@pytest.mark.parametrize("token", ["glpat-wrong", "glptt-wrong", ""])
def test_unknown_tokens_are_unauthorized(setting: Setting, token: str) -> None:
    with (
        Gitlab(setting.server.url, private_token=token) as client,
        pytest.raises(GitlabAuthenticationError, match="401 Unauthorized"),
    ):
        client.auth()


def test_what_is_missing_is_told_as_gitlab_tells_it(client: Gitlab) -> None:
    project = _project(client)
    with pytest.raises(GitlabCreateError, match="Reference not found"):
        project.pipelines.create({"ref": "v9"})
    with pytest.raises(GitlabGetError, match="404 Not found"):
        project.pipelines.get(1)
    with pytest.raises(GitlabGetError, match="404 Project Not Found"):
        client.projects.get(1)
    with pytest.raises(GitlabHttpError, match="ref is missing"):
        client.http_post(f"/projects/{project.id}/pipeline")


def test_python_gitlab_waits_as_the_429_says(setting: Setting, client: Gitlab) -> None:
    project = _project(client)
    setting.server.faults.add("project", "busy", retry_after=1)
    begun = time.monotonic()
    assert client.projects.get(project.id).id == project.id
    assert time.monotonic() - begun >= 1
