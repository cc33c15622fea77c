"""The last job of a workflow, called from the building block, leaves a CI token that names the call done."""

import hashlib
import io
import shutil
import zipfile
from pathlib import Path

import jwt
import pytest

from local.repositories import commit_all
from sealrun.evidence.outputs_digest import outputs_digest
from tests.answers import wait_until_over
from tests.local.github.peer import Setting

pytestmark = pytest.mark.peers

BLOCK = Path(__file__).parents[3] / ".github" / "workflows" / "done.yml"
CALL = "ab" * 32
# GitHub calls it by a commit's hash; on this machine it lies beside the workflow.
WORKFLOW = """\
run-name: sealrun ${{ inputs.sealrun_call }}
on: {workflow_dispatch: {inputs: {sealrun_call: {type: string, required: true}}}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir -p out/deep more && echo one > out/deep/one.txt && echo x > more/x
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02
        with: {name: build, path: "out/\\nmore/"}
  done:
    needs: [build]
    permissions: {id-token: write}
    uses: ./.github/workflows/done.yml
    with: {call: "${{ inputs.sealrun_call }}"}
"""


def test_the_last_jobs_token_names_call_and_outputs(shared: Setting, tmp_path: Path) -> None:
    folder = tmp_path / "seller"
    (folder / ".github" / "workflows").mkdir(parents=True)
    shutil.copyfile(BLOCK, folder / ".github" / "workflows" / "done.yml")
    (folder / ".github" / "workflows" / "job.yml").write_text(WORKFLOW)
    commit_all(folder, "v1")
    repository = shared.server.create_repository("sealrun/done", folder)
    github = shared.open(repository, shared.server.create_token(repository).value)
    run = wait_until_over(github, github.start(name=CALL, inputs={}))
    logs = [path.read_text() for path in shared.server.store.folder.glob(f"runs/{run.id}/act.log")]
    assert run.status == "succeeded", logs
    archives = {job.name: job.id for job in github.jobs(run.id) if job.has_artifacts}
    with github.artifacts(archives["sealrun-done"]) as pieces:
        token = zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("sealrun-profile/done.jwt")
    digest = outputs_digest({"out/deep/one.txt": hashlib.sha256(b"one\n").hexdigest()})
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == f"urn:sealrun:done:{CALL}:{digest}"
    ref = claims["ref"]
    assert claims["job_workflow_ref"] == f"sealrun/done/.github/workflows/done.yml@{ref}"
    assert claims["workflow_ref"] == f"sealrun/done/.github/workflows/job.yml@{ref}"
    assert claims["job_workflow_sha"] == claims["workflow_sha"]
    assert "done / done" in [job.name for job in github.jobs(run.id)]


def test_no_token_names_the_workflow_of_another_job(shared: Setting, tmp_path: Path) -> None:
    """With act a request is a run's: while jobs of two workflows run, none is answered."""
    asks = 'curl -sf -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" $ACTIONS_ID_TOKEN_REQUEST_URL'
    called = (
        f"on: {{workflow_call: }}\njobs: {{asks: {{runs-on: ubuntu-latest, steps: [{{run: '{asks}'}}]}}}}"
    )
    both = """\
run-name: sealrun ${{ inputs.sealrun_call }}
on: {workflow_dispatch: {inputs: {sealrun_call: {type: string, required: true}}}}
permissions: {id-token: write}
jobs:
  long: {runs-on: ubuntu-latest, steps: [{run: sleep 3}]}
  called: {uses: ./.github/workflows/called.yml}
"""
    folder = tmp_path / "seller"
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "called.yml").write_text(called)
    (folder / ".github" / "workflows" / "job.yml").write_text(both)
    commit_all(folder, "v1")
    repository = shared.server.create_repository("sealrun/both", folder)
    github = shared.open(repository, shared.server.create_token(repository).value)
    run = wait_until_over(github, github.start(name=CALL, inputs={}))
    assert {job.name: job.status for job in github.jobs(run.id)} == {
        "long": "success",
        "called / asks": "failure",
    }
