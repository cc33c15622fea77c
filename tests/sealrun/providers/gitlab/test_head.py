"""Where the offer's tag points now, as GitLab tells it."""

from typing import Any

import httpx
import pytest

from sealrun.errors import ProviderRefused, ProviderUnclear
from sealrun.providers.gitlab.client import GitLab
from sealrun.runs.run import Project
from tests.outgoing import HttpxClient

COMMIT = "1f" * 20


def gitlab(status: int, value: Any, *, ref: str = "refs/tags/v1") -> tuple[GitLab, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=value)

    client = HttpxClient(transport=httpx.MockTransport(reply))
    made = GitLab(client, origin="https://gitlab.example", project="42", ref=ref, token="glpat-x")
    return made, asked


def test_r4_the_head_is_the_commit_of_the_protected_tag() -> None:
    made, asked = gitlab(200, {"protected": True, "commit": {"id": COMMIT}}, ref="refs/tags/release/v1")
    assert made.head() == COMMIT
    assert asked[0].url.raw_path == b"/api/v4/projects/42/repository/tags/release%2Fv1"
    assert asked[0].headers["PRIVATE-TOKEN"] == "glpat-x"


@pytest.mark.parametrize(
    ("status", "value"),
    [(404, {"message": "404 Tag Not Found"}), (200, {"protected": False, "commit": {"id": COMMIT}})],
)
def test_r4_a_tag_that_is_gone_or_open_to_all_is_no_head(status: int, value: Any) -> None:
    assert gitlab(status, value)[0].head() == ""


@pytest.mark.parametrize(
    ("status", "value", "error"),
    [
        (404, {"message": "404 Project Not Found"}, ProviderRefused),
        (401, {"message": "401 Unauthorized"}, ProviderRefused),
        (502, {}, ProviderUnclear),
        (200, {"protected": True, "commit": None}, ProviderUnclear),
    ],
)
def test_l8_a_token_or_project_in_trouble_says_nothing_about_the_tag(
    status: int, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        gitlab(status, value)[0].head()


@pytest.mark.parametrize(
    ("value", "project"),
    [
        (
            {"visibility": "private", "ci_config_path": None},
            Project(private=True, configuration=".gitlab-ci.yml"),
        ),
        (
            {"visibility": "private", "ci_config_path": ""},
            Project(private=True, configuration=".gitlab-ci.yml"),
        ),
        (
            {"visibility": "internal", "ci_config_path": "ci/x.yml"},
            Project(private=False, configuration="ci/x.yml"),
        ),
        ({"visibility": "public"}, Project(private=False, configuration="", shows_runs=True)),
        ({"visibility": "public", "public_jobs": False}, Project(private=False, configuration="")),
        ({"visibility": "public", "public_builds": False}, Project(private=False, configuration="")),
        (
            {"visibility": "public", "builds_access_level": "private"},
            Project(private=False, configuration=""),
        ),
        (
            {"visibility": "public", "public_jobs": True, "builds_access_level": "enabled"},
            Project(private=False, configuration="", shows_runs=True),
        ),
        (
            {"build_timeout": 3600, "ci_pipeline_variables_minimum_override_role": "no_one_allowed"},
            Project(private=False, configuration="", job_seconds=3600, takes_variables=False),
        ),
    ],
)
def test_r4_the_project_tells_its_members_which_file_it_runs(value: Any, project: Project) -> None:
    assert gitlab(200, value)[0].project() == project
