"""What real servers and proxies answer: pages, waits, maintenance, decorated logs, a judged pipeline."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from local.gitlab.decorations import decorated, timestamped
from local.repositories import commit_all, git
from tests.local.gitlab.peer import Setting

pytestmark = pytest.mark.peers

Ask = Callable[..., httpx.Response]
PREFIX = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z 0[01]O[ +]")


@pytest.fixture
def ask(setting: Setting) -> Ask:
    """Requests below a project with its token."""
    project = setting.project()
    token = setting.server.create_token(project).value
    root = f"{setting.server.url}/api/v4/projects/{project}"

    def asked(method: str, path: str, **named: Any) -> httpx.Response:
        return httpx.request(method, root + path, headers={"PRIVATE-TOKEN": token}, timeout=30, **named)

    return asked


@pytest.fixture
def variables(ask: Ask) -> list[str]:
    names = [f"NAME_{number}" for number in range(5)]
    for name in names:
        assert ask("POST", "/variables", json={"key": name, "value": "x"}).status_code == 201
    return names


def test_pages_are_told_by_headers_and_by_links(ask: Ask, variables: list[str]) -> None:
    first = ask("GET", "/variables?per_page=2")
    assert (first.headers["x-next-page"], first.headers["x-total-pages"]) == ("2", "3")
    assert first.links.keys() == {"first", "last", "next"}
    found, page = list(first.json()), first
    while "next" in page.links:
        page = ask("GET", "/variables?" + httpx.URL(page.links["next"]["url"]).query.decode())
        found += page.json()
    assert [one["key"] for one in found] == variables
    assert page.headers["x-next-page"] == ""


@pytest.mark.usefixtures("variables")
def test_r9_a_proxy_may_leave_links_only_or_nothing(setting: Setting, ask: Ask) -> None:
    setting.server.faults.add("variables", "links_only")
    links = ask("GET", "/variables?per_page=2")
    assert ("x-next-page" in links.headers, "next" in links.links) == (False, True)
    setting.server.faults.add("variables", "unpaged")
    bare = ask("GET", "/variables?per_page=2")
    assert ("x-next-page" in bare.headers, bare.links, len(bare.json())) == (False, {}, 2)


def test_a_wait_may_be_a_date(setting: Setting, ask: Ask) -> None:
    setting.server.faults.add("project", "busy_until", retry_after=90)
    answer = ask("GET", "")
    wait = parsedate_to_datetime(answer.headers["retry-after"]) - datetime.now(UTC)
    assert (answer.status_code, 80 < wait.total_seconds() <= 90) == (429, True)


@pytest.mark.parametrize(
    ("kind", "status", "media_type"),
    [
        ("maintenance", 503, "text/html"),
        ("read_only", 403, "application/json"),
        ("missing", 404, "application/json"),
        ("gone", 410, "application/json"),
    ],
)
def test_nothing_is_done_under_maintenance(
    setting: Setting, ask: Ask, kind: str, status: int, media_type: str
) -> None:
    setting.server.faults.add("create_pipeline", kind)
    answer = ask("POST", "/pipeline", json={"ref": "v1"})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, media_type)
    assert ask("GET", "/pipelines").json() == []


def test_r10_a_log_with_gitlabs_decorations() -> None:
    log = decorated("$ make\nRESULT 42\n", 1796029200)
    assert "section_start:1796029200:step_script\r\x1b[0K" in log
    assert log.endswith(
        "RESULT 42\nsection_end:1796029200:step_script\r\x1b[0K\x1b[32;1mJob succeeded\x1b[0;m\n"
    )


def test_r10_a_log_with_times_and_streams() -> None:
    lines = timestamped("$ make\nRESULT 42", 1796029200).strip().split("\n")
    assert all(PREFIX.match(line) for line in lines)
    (result,) = [line for line in lines if line.endswith("RESULT 42")]
    assert PREFIX.sub("", result) == "RESULT 42"
    assert " 01O RESULT" in result
    assert any(" 00O+" in line and "Job succeeded" in line for line in lines)


def test_r10_a_decorated_log_is_served_on_request(setting: Setting, ask: Ask) -> None:
    store = setting.server.store
    pipeline = ask("POST", "/pipeline", json={"ref": "v1", "inputs": {"sealrun_call": "ab" * 32, "level": 3}})
    build = store.jobs_of(pipeline.json()["id"], retried=False)[-1]
    ends = time.monotonic() + 60
    while build.status != "success":
        assert time.monotonic() < ends, build
        time.sleep(0.1)
    plain = ask("GET", f"/jobs/{build.id}/trace").text
    setting.server.faults.add("trace", "timestamped")
    assert len(PREFIX.findall(ask("GET", f"/jobs/{build.id}/trace").text)) > plain.count("\n")


LINTED = "stages: [test]\ninclude: {local: more.yml}\nmake:\n  stage: test\n  script: [make]\n"


def test_a_configuration_is_judged_with_what_it_includes(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("more:\n  stage: test\n  script: [echo more]\n  allow_failure: true\n")
    (tmp_path / ".gitlab-ci.yml").write_text(LINTED)
    commit_all(tmp_path, "v1")
    project = setting.server.create_project(f"sealrun/lint-{tmp_path.name}", tmp_path)
    headers = {"PRIVATE-TOKEN": setting.server.create_token(project).value}
    url = f"{setting.server.url}/api/v4/projects/{project}/ci/lint"
    asked = {"content": LINTED, "ref": "v1", "dry_run": True, "include_jobs": True}
    good = httpx.post(url, json=asked, headers=headers, timeout=30).json()
    assert (good["valid"], good["errors"], good["warnings"]) == (True, [], [])
    assert {"make", "more"} <= yaml.safe_load(good["merged_yaml"]).keys()
    jobs = {job["name"]: job["allow_failure"] for job in good["jobs"]}
    assert jobs == {"make": False, "more": True}
    assert [(one["type"], one["location"]) for one in good["includes"]] == [("local", "more.yml")]
    broken = httpx.post(url, json={"content": "stages: [test]\n"}, headers=headers, timeout=30).json()
    assert broken["valid"] is False
    assert broken["errors"]
    stored = httpx.get(url, headers=headers, timeout=30).json()
    assert (stored["valid"], "jobs" in stored) == (True, False)
    assert httpx.post(url, json={}, headers=headers).json() == {"error": "content is missing"}
    assert project not in {one.project for one in setting.server.store.pipelines.values()}


def test_the_default_branch_is_the_repositorys_own(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("make:\n  script: [echo made]\n")
    commit_all(tmp_path)
    git(tmp_path, "branch", "--move", "trunk")
    project = setting.server.create_project(f"sealrun/trunk-{tmp_path.name}", tmp_path)
    headers = {"PRIVATE-TOKEN": setting.server.create_token(project).value}
    url = f"{setting.server.url}/api/v4/projects/{project}"
    assert httpx.get(url, headers=headers, timeout=30).json()["default_branch"] == "trunk"
    content = {"content": (tmp_path / ".gitlab-ci.yml").read_text()}
    judged = httpx.post(f"{url}/ci/lint", json=content, headers=headers, timeout=30).json()
    assert (judged["valid"], judged["errors"]) == (True, [])
    assert httpx.get(f"{url}/ci/lint", headers=headers, timeout=30).json()["valid"] is True
