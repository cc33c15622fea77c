"""The guide's pipeline on the local GitLab: the token of its child names the root of the commit's files."""

import time
from pathlib import Path

import pytest
from gitlab import Gitlab

from local.repositories import commit_all
from tests.local.gitlab.peer import Setting
from tests.local.tree_jobs import check_named, tree_job

pytestmark = pytest.mark.peers


def test_a_token_names_the_root_of_a_commits_files(shared: Setting, tmp_path: Path) -> None:
    folder = tmp_path / "seller"
    folder.mkdir()
    # Whoever proves in the job needs no artifact; here the token has to be seen.
    kept = "token.jwt)]' '  artifacts: {paths: [token.jwt]}' >"
    (folder / ".gitlab-ci.yml").write_text(tree_job("mirror:").replace("token.jwt)]' >", kept))
    commit_all(folder, "v1")
    number = shared.server.create_project("sealrun/tree", folder)
    project = Gitlab(shared.server.url, private_token=shared.server.create_token(number).value).projects.get(
        number
    )
    pipeline = project.pipelines.create({"ref": "v1"})
    ends = time.monotonic() + 60
    while pipeline.status not in ("success", "failed", "canceled"):
        assert time.monotonic() < ends, f"the pipeline is still {pipeline.status}"
        time.sleep(0.1)
        pipeline.refresh()
    jobs = [project.jobs.get(one.id) for one in pipeline.jobs.list(get_all=True)]
    assert pipeline.status == "success", [job.trace() for job in jobs]
    (bridge,) = pipeline.bridges.list(get_all=True)
    (job,) = project.pipelines.get(bridge.downstream_pipeline["id"]).jobs.list(get_all=True)
    claims = check_named(project.jobs.get(job.id).artifact("token.jwt"), folder)
    assert claims["pipeline_source"] == "parent_pipeline"
