"""Bridges and the pipelines that they start, jobs that may fail, and manual ones, as GitLab documents them.

https://docs.gitlab.com/api/jobs/#list-pipeline-trigger-jobs
"""

import time
from pathlib import Path
from typing import Any

import pytest
from gitlab import Gitlab

from local.repositories import commit_all
from tests.local.gitlab.peer import Setting

pytestmark = pytest.mark.peers

PARENT = """\
stages: [build, kids, after]

make:
  stage: build
  script:
    - 'echo "made: {script: [echo made]}" > made.yml'
  artifacts:
    paths: [made.yml]

good:
  stage: kids
  variables: {COLOUR: red}
  trigger: {include: child.yml, strategy: depend}

bad:
  stage: kids
  allow_failure: true
  trigger: {include: failing.yml, strategy: depend}

from-artifact:
  stage: kids
  trigger:
    include: [{artifact: made.yml, job: make}]

elsewhere:
  stage: kids
  allow_failure: true
  trigger: another/project

flaky:
  stage: after
  allow_failure: true
  script: [exit 7]

by-hand:
  stage: after
  when: manual
  script: [echo done]
"""
CHILD = 'child:\n  script:\n    - test "$COLOUR" = red && test "$CI_PIPELINE_SOURCE" = parent_pipeline\n'
FAILING = "child:\n  script: [exit 1]\n"


@pytest.fixture(scope="module")
def parent(shared: Setting, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pipeline with children that is over; the project with it."""
    folder = tmp_path_factory.mktemp("family")
    for name, text in ((".gitlab-ci.yml", PARENT), ("child.yml", CHILD), ("failing.yml", FAILING)):
        (folder / name).write_text(text)
    return run(shared, folder)


def run(shared: Setting, folder: Path) -> Any:
    commit_all(folder, "v1")
    project = shared.server.create_project(f"sealrun/family-{folder.name}", folder)
    token = shared.server.create_token(project).value
    pipelines = Gitlab(shared.server.url, private_token=token).projects.get(project).pipelines
    pipeline = pipelines.create({"ref": "v1"})
    ends = time.monotonic() + 60
    while pipeline.status not in ("success", "failed", "canceled"):
        assert time.monotonic() < ends, f"the pipeline is still {pipeline.status}"
        time.sleep(0.1)
        pipeline.refresh()
    return pipeline


def by_name(pipeline: Any) -> dict[str, Any]:
    return {bridge.name: bridge for bridge in pipeline.bridges.list(get_all=True)}


def test_a_bridge_is_listed_with_its_child_and_is_no_job(parent: Any) -> None:
    assert sorted(by_name(parent)) == ["bad", "elsewhere", "from-artifact", "good"]
    assert sorted(job.name for job in parent.jobs.list(get_all=True)) == ["by-hand", "flaky", "make"]
    child = by_name(parent)["good"].downstream_pipeline
    assert (child["status"], child["source"], child["sha"]) == ("success", "parent_pipeline", parent.sha)


def test_a_bridge_that_depends_on_its_child_ends_as_the_child(parent: Any) -> None:
    bridges = by_name(parent)
    assert (bridges["good"].status, bridges["bad"].status) == ("success", "failed")
    assert bridges["bad"].downstream_pipeline["status"] == "failed"
    assert parent.status == "success"  # although a job and two bridges that may fail failed


def test_a_bridge_without_a_strategy_does_not_wait(parent: Any) -> None:
    assert by_name(parent)["from-artifact"].status == "success"
    assert by_name(parent)["from-artifact"].downstream_pipeline["id"]


def test_a_child_that_cannot_be_created_fails_its_bridge(parent: Any) -> None:
    bridge = by_name(parent)["elsewhere"]
    assert (bridge.status, bridge.failure_reason) == ("failed", "downstream_pipeline_creation_failed")
    assert bridge.downstream_pipeline is None


def test_r8_jobs_say_that_they_may_fail_and_wait_for_a_hand(parent: Any) -> None:
    jobs = {job.name: job for job in parent.jobs.list(get_all=True)}
    assert (jobs["flaky"].status, jobs["flaky"].allow_failure) == ("failed", True)
    assert (jobs["by-hand"].status, jobs["by-hand"].allow_failure) == ("manual", True)


def test_child_pipelines_are_listed_only_where_they_are_asked_for(parent: Any) -> None:
    pipelines = parent.manager
    assert [one.id for one in pipelines.list(get_all=True)] == [parent.id]
    children = pipelines.list(source="parent_pipeline", get_all=True)
    assert len(children) == 3
