"""The last job of a pipeline: its CI token names the call done, and the digest of the outputs."""

import hashlib
import io
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import jwt
import pytest
from gitlab import Gitlab

from local.repositories import commit_all
from sealrun.evidence.outputs_digest import outputs_digest
from tests.local.gitlab.peer import Setting

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[3]
CALL = "ab" * 32
PIPELINE = """\
spec:
  inputs:
    sealrun_call: {regex: "^[0-9a-f]{64}$"}
---
include:
  - local: templates/done.yml
    inputs: {call: "$[[ inputs.sealrun_call ]]"}
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"
  auto_cancel: {on_new_commit: none}
default:
  before_script: [exit 1]
one:
  inherit: {default: false}
  script: [mkdir -p out/deep, echo one > out/deep/one.txt]
  artifacts: {paths: [out/]}
two:
  stage: deploy
  inherit: {default: false}
  script: [mkdir -p out, echo two > out/two.txt]
  artifacts: {paths: [out/two.txt]}
"""


@pytest.fixture(scope="module")
def over(shared: Setting, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pipeline with a last job that is over; the project with it."""
    folder = tmp_path_factory.mktemp("done")
    shutil.copytree(ROOT / "infra" / "gitlab-component" / "templates", folder / "templates")
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    commit_all(folder, "v1")
    project = shared.server.create_project("sealrun/done", folder)
    token = shared.server.create_token(project).value
    opened = Gitlab(shared.server.url, private_token=token).projects.get(project)
    pipeline = opened.pipelines.create({"ref": "v1", "inputs": {"sealrun_call": CALL}})
    ends = time.monotonic() + 60
    while pipeline.status not in ("success", "failed", "canceled"):
        assert time.monotonic() < ends, f"the pipeline is still {pipeline.status}"
        time.sleep(0.1)
        pipeline.refresh()
    return pipeline, opened


def file_of(project: Any, job: Any, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(project.jobs.get(job.id).artifacts())) as archive:
        return archive.read(name)


def test_the_last_jobs_token_names_call_and_outputs_and_comes_from_the_child(over: Any) -> None:
    pipeline, project = over
    assert pipeline.status == "success", [
        job.trace() for job in (project.jobs.get(one.id) for one in pipeline.jobs.list(get_all=True))
    ]
    (bridge,) = pipeline.bridges.list(get_all=True)
    child = project.pipelines.get(bridge.downstream_pipeline["id"])
    (job,) = child.jobs.list(get_all=True)
    claims = jwt.decode(
        file_of(project, job, "sealrun-profile/done.jwt"), options={"verify_signature": False}
    )
    digests = {
        "out/deep/one.txt": hashlib.sha256(b"one\n").hexdigest(),
        "out/two.txt": hashlib.sha256(b"two\n").hexdigest(),
    }
    assert claims["aud"] == f"urn:sealrun:done:{CALL}:{outputs_digest(digests)}"
    assert (claims["pipeline_source"], claims["ref_path"], claims["sha"]) == (
        "parent_pipeline",
        "refs/tags/v1",
        pipeline.sha,
    )
    assert (bridge.name, job.name) == ("sealrun-last", "sealrun-done")
