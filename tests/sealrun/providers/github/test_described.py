"""The check against GitHub's description can fail: what it must find."""

import json

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError

from tests.answers import reply
from tests.sealrun.providers.github.make_slice import EXAMPLES as NAMES
from tests.sealrun.providers.github.make_slice import OPERATIONS, VERSION
from tests.sealrun.providers.github.peer import DESCRIBED, EXAMPLES, HERE, ORIGIN, RUN, STARTED, WORKFLOW

DISPATCH = f"{ORIGIN}{WORKFLOW}/dispatches"
RUN_URL = f"{ORIGIN}/repos/octo-org/job/actions/runs/31"


@pytest.mark.parametrize(
    "body",
    [{}, {"ref": 1}, {"ref": "v1", "inputs": []}, {"ref": "v1", "inputs": {f"i{n}": "" for n in range(26)}}],
)
def test_a_start_that_is_not_githubs_is_found(body: object) -> None:
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_request(httpx.Request("POST", DISPATCH, json=body))
    DESCRIBED.check_request(httpx.Request("POST", DISPATCH, json={"ref": "v1", "inputs": {"a": "b"}}))


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", DISPATCH),
        ("GET", f"{ORIGIN}/repos/octo-org/job/actions/run/31"),
        ("GET", f"{ORIGIN}/repos/octo-org/job/actions/runs/x"),
        ("GET", f"{RUN_URL}/jobs?filter=every"),
    ],
)
def test_a_request_that_github_does_not_have_is_found(method: str, url: str) -> None:
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_request(httpx.Request(method, url))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(204),
        reply({**STARTED, "workflow_run_id": "31"}),
        reply({}),
        httpx.Response(200, content=b"<html>"),
    ],
)
def test_an_answer_to_a_start_that_is_not_githubs_is_found(answer: httpx.Response) -> None:
    """From version 2026-03-10 on there is no 204 any more."""
    request = httpx.Request("POST", DISPATCH, json={"ref": "v1"})
    with pytest.raises(OpenAPIError):
        DESCRIBED.check_response(request, answer)
    DESCRIBED.check_response(request, reply(STARTED))


def test_a_run_without_what_github_always_tells_is_found() -> None:
    request = httpx.Request("GET", RUN_URL)
    for name in ("display_title", "head_sha", "conclusion"):
        with pytest.raises(OpenAPIError):
            DESCRIBED.check_response(request, reply({key: RUN[key] for key in RUN if key != name}))


def test_the_kept_slice_is_the_one_that_the_script_names() -> None:
    document = json.loads((HERE / "openapi.json").read_bytes())
    kept = {(path, method) for path, whole in document["paths"].items() for method in whole}
    assert {one for one in kept if one[1] != "parameters"} == set(OPERATIONS)
    assert document["info"]["version"] == VERSION
    assert set(EXAMPLES) == set(NAMES)
    said = (HERE / "PROVENANCE.md").read_text()
    assert f"@octokit/openapi` {VERSION}" in said
    assert f"the {len(document['paths'])} that" in said
