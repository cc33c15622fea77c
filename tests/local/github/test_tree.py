"""The guide's workflow on the local GitHub: its token names the root of the commit's files."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from local.repositories import commit_all
from tests.answers import wait_until_over
from tests.local.github.peer import Setting
from tests.local.tree_jobs import check_named, tree_job

pytestmark = pytest.mark.peers


def test_a_token_names_the_root_of_a_commits_files(shared: Setting, tmp_path: Path) -> None:
    folder = tmp_path / "seller"
    (folder / ".github" / "workflows").mkdir(parents=True)
    # Whoever proves in the job needs no artifact; here the token has to be seen.
    kept = "      - {uses: actions/upload-artifact@v4, with: {name: token, path: token.jwt}}\n"
    (folder / ".github" / "workflows" / "job.yml").write_text(tree_job("on: workflow_dispatch") + kept)
    commit_all(folder, "v1")
    repository = shared.server.create_repository("sealrun/tree", folder)
    token = shared.server.create_token(repository).value
    started = httpx.post(
        f"{shared.server.url}/repos/sealrun/tree/actions/workflows/job.yml/dispatches",
        json={"ref": "refs/tags/v1", "return_run_details": True},
        headers={"Authorization": f"Bearer {token}"},
    )
    github = shared.open(repository, token)
    run = wait_until_over(github, github.read(started.raise_for_status().json()["workflow_run_id"]))
    log = shared.server.store.folder / "runs" / str(run.id) / "act.log"
    assert run.status == "succeeded", log.read_text()
    (archive,) = (job for job in github.jobs(run.id) if job.has_artifacts)
    with github.artifacts(archive.id) as pieces:
        named = zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("token.jwt")
    claims = check_named(named, folder)
    assert claims["job_workflow_ref"] == "sealrun/tree/.github/workflows/job.yml@refs/tags/v1"
