"""Pages of jobs, logs that come late or are gone, files without an archive: what GitHub does, too."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.local.github.peer import Setting
from tests.outgoing import HttpxClient
from tests.sealrun.providers.github.samples import HEADER, make_repository

pytestmark = pytest.mark.peers

PLAIN = """\
  build:
    runs-on: ubuntu-latest
    strategy:
      matrix: {number: [1, 2, 3]}
    steps:
      - run: echo "number ${{ matrix.number }}" > report-${{ matrix.number }}.txt
      - run: echo "a line of the log"
      - uses: actions/upload-artifact@v7
        with: {path: "report-${{ matrix.number }}.txt", archive: false}
"""
STAMPED = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ")


@pytest.fixture(scope="module")
def client(shared: Setting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpxClient]:
    """A client of a repository whose one run is over; its base is that run."""
    folder = make_repository(tmp_path_factory.mktemp("plain") / "seller", HEADER + PLAIN)
    repository = shared.server.create_repository("sealrun/plain", folder)
    headers = {"Authorization": f"Bearer {shared.server.create_token(repository).value}"}
    root = f"{shared.server.url}/repos/sealrun/plain/actions"
    asked = {"ref": "v1", "inputs": {"sealrun_call": "ab" * 32, "level": "5"}, "return_run_details": True}
    started = httpx.post(f"{root}/workflows/job.yml/dispatches", json=asked, headers=headers).json()
    with HttpxClient(base_url=started["run_url"], headers=headers) as made:
        ends = time.monotonic() + 60
        while made.get(started["run_url"]).json()["status"] != "completed":
            assert time.monotonic() < ends
            time.sleep(0.1)
        yield made


def test_jobs_come_in_pages(client: HttpxClient) -> None:
    first = client.get("/jobs?per_page=2")
    assert (first.json()["total_count"], len(first.json()["jobs"])) == (3, 2)
    second = client.get(first.links["next"]["url"])
    assert (len(second.json()["jobs"]), second.links) == (1, {})


def test_a_file_without_an_archive_is_served_as_it_is(client: HttpxClient) -> None:
    found = {one["name"]: one for one in client.get("/artifacts").json()["artifacts"]}
    assert sorted(found) == ["report-1.txt", "report-2.txt", "report-3.txt"]
    answer = client.get(found["report-2.txt"]["archive_download_url"], follow_redirects=True)
    assert (answer.text, answer.headers["content-type"]) == ("number 2\n", "text/plain")


def test_r9_a_log_may_come_late_or_be_gone(client: HttpxClient, setting: Setting) -> None:
    url = client.get("/jobs").json()["jobs"][0]["url"] + "/logs"
    setting.server.faults.add("log", "missing")
    setting.server.faults.add("log", "gone")
    assert [client.get(url).status_code for _ in range(3)] == [404, 410, 302]


def test_r10_each_line_of_a_log_has_its_time(client: HttpxClient) -> None:
    url = client.get("/jobs").json()["jobs"][0]["url"] + "/logs"
    lines = client.get(url, follow_redirects=True).text.splitlines()
    assert lines
    assert all(STAMPED.match(line) for line in lines)
    assert any(STAMPED.sub("", line) == "a line of the log" for line in lines)
