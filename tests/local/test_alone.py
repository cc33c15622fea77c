"""Each local part starts alone, says so in its own --help, and leaves nothing when it is stopped."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from local.repositories import commit_all

ALONE = ("aws", "chain", "demo", "github", "gitlab", "ipfs", "lambda_runtime", "sandbox", "stack")


@pytest.mark.parametrize("name", ALONE)
def test_a_part_explains_itself(name: str) -> None:
    command = [sys.executable, "-m", f"local.{name}", "--help"]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60, env={"COLUMNS": "200"}
    )
    assert f"python -m local.{name}" in done.stdout
    options = re.findall(r"^  (--\S+)(?: [A-Z=]+)?(?:\s+(\w.*))?$", done.stdout, re.MULTILINE)
    assert [option for option, explained in options if not explained] == []


@pytest.mark.peers
@pytest.mark.parametrize(("name", "path"), [("gitlab", "/api/v4/user"), ("github", "/user")])
def test_a_provider_serves_alone_until_it_is_told_to_stop(name: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    commit_all(tmp_path / "code", "v1")
    named = ["--folder", str(tmp_path / "state"), "--repository", str(tmp_path / "code")]
    command = [sys.executable, "-m", f"local.{name}", *named]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            headers = {"Authorization": f"Bearer {ready['token']}"}
            answer = httpx.get(ready["url"] + path, headers=headers, trust_env=False)
            assert answer.json()["id"] == ready["user"]
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


@pytest.mark.peers
def test_a_chain_serves_alone_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.chain", "--folder", str(tmp_path), "--no-proofs"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            node = json.loads(process.stdout.readline())["node"]
            answer = httpx.post(node, json={"query": "{syncStatus}"}, timeout=30, trust_env=False)
            assert answer.json() == {"data": {"syncStatus": "SYNCED"}}
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.post(node, json={"query": "{syncStatus}"}, trust_env=False)
