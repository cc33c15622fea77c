"""The local GitLab as a program of its own: started alone, told its faults by HTTP, started again."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sealrun.errors import ProviderBusy
from sealrun.providers.gitlab.client import GitLab
from tests.answers import wait_until_over
from tests.local.gitlab.peer import Setting
from tests.outgoing import HttpxClient
from tests.sealrun.providers.gitlab.samples import CALL

pytestmark = pytest.mark.peers


@contextmanager
def _program(folder: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "local.gitlab", "--folder", str(folder), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


def test_it_starts_alone_and_goes_on_where_it_stopped(setting: Setting, tmp_path: Path) -> None:
    repository = str(setting.repositories["good"])
    with HttpxClient(timeout=20.0) as client:  # as long as the functions wait
        with _program(tmp_path, "--repository", repository) as ready:
            options = {"project": str(ready["project"]), "ref": "refs/tags/v1", "token": ready["token"]}
            gitlab = GitLab(client, origin=ready["url"], extra_origins=[], **options)
            run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
        with _program(tmp_path) as ready:
            gitlab = GitLab(client, origin=ready["url"], extra_origins=[], **options)
            again = gitlab.read(run.id)
            assert (again.status, again.sha, again.finished_at) == (run.status, run.sha, run.finished_at)
            job = gitlab.jobs(run.id)[0]
            with gitlab.artifacts(job.id) as pieces:
                assert b"".join(pieces).startswith(b"PK")


def test_faults_are_added_and_forgotten_over_http(setting: Setting) -> None:
    gitlab = setting.job()
    url = f"{setting.server.url}/-/faults"
    fault = {"route": "list_pipelines", "kind": "busy", "retry_after": 3, "times": 2}
    with HttpxClient(timeout=20.0) as client:  # as long as the functions wait
        assert client.post(url, json=fault).status_code == 201
        with pytest.raises(ProviderBusy) as busy:
            gitlab.find(CALL)
        assert busy.value.retry_after == 3
        assert client.delete(url).status_code == 204
        assert gitlab.find(CALL) == []
        refused = client.post(url, json={"route": "webhook", "kind": "busy"})
        assert refused.status_code == 400
        assert "expected one of doubled, lost, slow" in refused.json()["error"]


def test_no_secret_is_in_the_repr_of_a_record(setting: Setting) -> None:
    project = setting.project()
    token = setting.server.create_token(project)
    hook = setting.server.add_hook(project, "http://127.0.0.1:9", token="s3cret")
    assert token.value not in repr(token)
    assert "s3cret" not in repr(setting.server.store.hooks[hook])
