"""No process of a sandbox outlives it: not after Ctrl-C, not after its own process was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.repositories import commit_all

pytestmark = pytest.mark.peers

SECONDS = 120
PIPELINE = "wait:\n  script:\n    - sleep 600\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A repository with a pipeline; whatever still runs afterwards fails the test and is ended."""
    folder = tmp_path / "seller" / "project"
    folder.mkdir(parents=True)
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    commit_all(folder, "v1")
    yield folder
    left = processes(folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}


def processes(folder: Path) -> dict[int, str]:
    """Every live process that works in the folder or names it on its command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            works_there = (entry / "cwd").readlink().is_relative_to(folder)
        except OSError:
            continue
        if line and (works_there or str(folder) in line):
            found[int(entry.name)] = line
    return found


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    ends = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < ends, f"expected {what}"
        time.sleep(0.05)
    return value


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sealrun_cli.main", "sandbox", *arguments]


def start(project: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """The command in a process group of its own, as a shell starts it in the foreground."""
    return subprocess.Popen(
        command("--no-proofs", *arguments),
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def interrupt(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C in a terminal: SIGINT to the whole process group."""
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None), said
    assert b"Traceback" not in said


def run(project: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        command(*arguments, "--json"),
        cwd=project,
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return dict(json.loads(done.stdout))


def chain_of(project: Path) -> list[int]:
    return [pid for pid, line in processes(project).items() if "main.js" in line]


def start_pipeline(project: Path, around: dict[str, Any]) -> list[int]:
    """A job that sleeps; the numbers of its processes."""
    token = (project / ".sealrun" / "token").read_text().strip()
    url = f"{around['origin']}/api/v4/projects/{around['project'].replace('/', '%2F')}/pipeline"
    answer = httpx.post(url, json={"ref": "v1"}, headers={"private-token": token}, timeout=60)
    assert answer.status_code == 201, answer.text

    def sleeping() -> list[int]:
        return [pid for pid, line in processes(project).items() if line.startswith("sleep 600")]

    found: list[int] = wait_until(sleeping, "a job that sleeps")
    return found


def test_ctrl_c_leaves_nothing_while_the_chain_starts(project: Path) -> None:
    with start(project) as process:
        wait_until(lambda: chain_of(project), "a chain")
        assert len(processes(project)) >= 3  # the command, the sandbox, the chain
        interrupt(process)
    assert processes(project) == {}


def test_ctrl_c_leaves_nothing_while_keys_are_funded(project: Path) -> None:
    with start(project, "--fund", "a.key", "--fund", "b.key", "--fund", "c.key") as process:
        wait_until((project / ".sealrun" / "a.key").exists, "the first key")
        interrupt(process)
    assert processes(project) == {}


def test_stop_finds_what_is_left_of_a_sandbox_that_was_killed(project: Path) -> None:
    around = run(project, "--no-proofs")
    jobs = start_pipeline(project, around)
    pid = json.loads((project / ".sealrun" / "sandbox.json").read_bytes())["pid"]
    os.kill(pid, signal.SIGKILL)
    assert set(jobs) | set(chain_of(project)) <= set(processes(project))
    assert run(project, "--stop") == {"stopped": True}
    assert processes(project) == {}
    assert run(project, "--stop") == {"stopped": False}


def test_a_new_sandbox_ends_what_is_left_of_one_that_was_killed(project: Path) -> None:
    run(project, "--no-proofs")
    before = chain_of(project)
    pid = json.loads((project / ".sealrun" / "sandbox.json").read_bytes())["pid"]
    os.kill(pid, signal.SIGKILL)
    run(project, "--no-proofs")
    assert before
    assert set(before).isdisjoint(processes(project))
    assert run(project, "--stop") == {"stopped": True}


def test_a_folder_without_a_pipeline_asks_first(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("no pipeline here\n")
    commit_all(tmp_path)
    done = subprocess.run(
        command("--no-proofs", "--json"),
        cwd=tmp_path,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 1, done.stdout
    assert "has no .gitlab-ci.yml" in done.stderr
    assert "--yes" in json.loads(done.stdout)["error"]["next"]
    assert processes(tmp_path) == {}
    assert not (tmp_path / ".sealrun").exists()
    run(tmp_path, "--no-proofs", "--yes")
    assert run(tmp_path, "--stop") == {"stopped": True}
