"""The check against what GitLab's description says can fail, and covers every request of the adapter."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError

from sealrun.providers.gitlab.client import GitLab
from tests.answers import reply, wait_until_over
from tests.described import DescribedTransport
from tests.outgoing import HttpxClient, Through
from tests.sealrun.providers.gitlab.conftest import DESCRIBED, Setting
from tests.sealrun.providers.gitlab.samples import CALL
from tests.sealrun.providers.gitlab.test_adapter import API, CREATED, DETAIL, JOB, ORIGIN

HERE = Path(__file__).parent
START = f"{ORIGIN}{API}/pipeline"
TRIGGER = f"{ORIGIN}{API}/trigger/pipeline"
RUNS = f"{ORIGIN}{API}/pipelines"
FULL_JOB = {**JOB, "runner": None}


def _operations() -> set[tuple[str, str]]:
    document = json.loads((HERE / "description.json").read_bytes())
    return {(method.upper(), path) for path, whole in document["paths"].items() for method in whole}


def _is_of(request: httpx.Request, operation: tuple[str, str]) -> bool:
    method, path = operation
    pattern = re.sub(r"\{\w+\}", "[^/]+", path)
    return request.method == method and re.fullmatch(pattern, request.url.path) is not None


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (START, {}),
        (START, {"ref": 1}),
        (START, {"ref": "v1", "input": {}}),
        (START, {"ref": "v1", "inputs": []}),
        (START, {"ref": "v1", "variables": {"a": "b"}}),
        (START, {"ref": "v1", "variables": [{"key": "a", "value": 3}]}),
        (TRIGGER, {"ref": "v1"}),
        (TRIGGER, {"token": "glptt-x"}),
        (TRIGGER, {"ref": "v1", "token": "glptt-x", "variables": [{"key": "a", "value": "b"}]}),
        (TRIGGER, {"ref": "v1", "token": "glptt-x", "variables": {"a": 3}}),
    ],
)
def test_a_start_that_is_not_gitlabs_is_found(url: str, body: object) -> None:
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_request(httpx.Request("POST", url, json=body))


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", START),
        ("GET", f"{ORIGIN}{API}/pipeline/31"),
        ("GET", f"{RUNS}/x"),
        ("GET", f"{RUNS}?title=x"),
        ("GET", f"{RUNS}?sort=up"),
        ("GET", f"{RUNS}?per_page=many"),
        ("GET", f"{RUNS}/31/jobs?include_retried=all"),
        ("GET", f"{RUNS}/31/jobs?retried=true"),
        ("GET", f"{ORIGIN}{API}/jobs/5/trace?byte_limit=0"),
    ],
)
def test_a_request_that_gitlab_does_not_have_is_found(method: str, url: str) -> None:
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_request(httpx.Request(method, url))
    DESCRIBED.check_request(httpx.Request("GET", f"{RUNS}/31/jobs?include_retried=true&per_page=100"))


@pytest.mark.parametrize(
    "answer",
    [
        reply(CREATED, 200),
        reply({**CREATED, "name": "x"}, 201),
        reply({**CREATED, "id": "31"}, 201),
        reply({**CREATED, "tag": "true"}, 201),
        reply({}, 201),
        httpx.Response(201, content=b"<html>", headers={"content-type": "application/json"}),
    ],
)
def test_an_answer_to_a_start_that_is_not_gitlabs_is_found(answer: httpx.Response) -> None:
    request = httpx.Request("POST", START, json={"ref": "v1"})
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_response(request, answer)
    DESCRIBED.check_response(request, reply(CREATED, 201))


@pytest.mark.parametrize("name", ["name", "sha", "ref", "tag", "status", "source", "finished_at", "user"])
def test_a_run_without_what_the_adapter_reads_is_found(name: str) -> None:
    request = httpx.Request("GET", f"{RUNS}/31")
    DESCRIBED.check_response(request, reply(DETAIL))
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_response(request, reply({key: DETAIL[key] for key in DETAIL if key != name}))


@pytest.mark.parametrize(
    "change", [{"source": "api"}, {"pipeline": {"id": 31, "name": "x"}}, {"runner": "r1"}, {"id": None}]
)
def test_a_job_that_is_not_gitlabs_is_found(change: Mapping[str, Any]) -> None:
    """The first two are what the local GitLab told until it was held against the description."""
    request = httpx.Request("GET", f"{RUNS}/31/jobs")
    DESCRIBED.check_response(request, reply([FULL_JOB]))
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_response(request, reply([{**FULL_JOB, **change}]))


@pytest.mark.peers
def test_every_operation_is_asked_by_the_adapter_and_answered_by_the_local_gitlab(setting: Setting) -> None:
    asked: list[httpx.Request] = []
    inner = Through(setting.unchecked)
    described = DescribedTransport(DESCRIBED, inner, origin=f"{setting.server.url}/api/v4")
    with HttpxClient(transport=described, event_hooks={"request": [asked.append]}) as client:
        for trigger in (False, True):
            _walk(setting, client, trigger=trigger)
    ours = [request for request in asked if request.url.path.startswith("/api/v4/")]
    assert described.checked == len(ours)
    operations = _operations()
    assert {one for one in operations if any(_is_of(request, one) for request in ours)} == operations


def _walk(setting: Setting, client: HttpxClient, *, trigger: bool) -> None:
    project = setting.project(public=True)
    gitlab = GitLab(
        client,
        origin=setting.server.url,
        project=str(project),
        ref="refs/tags/v1",
        token=setting.server.create_token(project, trigger=trigger).value,
        extra_origins=setting.storage_origins,
    )
    assert gitlab.head()
    assert not gitlab.project().private
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={"level": 7}))
    assert gitlab.find(CALL) == [run]
    build = gitlab.jobs(run.id)[0]
    with gitlab.log(build.id) as log, gitlab.artifacts(build.id) as archive:
        assert b"".join(log)
        assert b"".join(archive)
    if not trigger:
        gitlab.cancel(run.id)
