"""The command is the job's: its status, its signals, its streams; the probe only stands by."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealrun_probe.main import main

PROBE = [sys.executable, "-m", "sealrun_probe", "run", "--sampler", "rusage"]
SOURCE = str(Path(__file__).parents[2] / "probe" / "src")
ENVIRONMENT = {**os.environ, "PYTHONPATH": SOURCE}


def probe(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROBE, *words],
        cwd=folder,
        env=ENVIRONMENT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_streams_and_status_are_the_commands_own(tmp_path: Path) -> None:
    done = probe(tmp_path, "--", "sh", "-c", "cat; echo to stderr >&2; exit 7", stdin="in and out\n")
    assert (done.returncode, done.stdout) == (7, "in and out\n")
    assert done.stderr.splitlines()[0] == "to stderr"
    assert (tmp_path / "sealrun-profile" / "profile.json").exists()


def test_a_command_that_is_not_there_fails_as_in_a_shell(tmp_path: Path) -> None:
    done = probe(tmp_path, "--", "./no-such-command")
    assert done.returncode == 127
    assert "no-such-command: No such file or directory" in done.stderr


def test_a_command_that_cannot_run_fails_as_in_a_shell(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    assert probe(tmp_path, "--", "./text").returncode == 126


def test_a_signal_that_ends_the_command_ends_the_probe(tmp_path: Path) -> None:
    assert probe(tmp_path, "--", "sh", "-c", "kill -9 $$").returncode == -signal.SIGKILL
    assert probe(tmp_path, "--", "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_the_probe_reaches_the_command(tmp_path: Path, number: signal.Signals) -> None:
    """Ten seconds at most; a shell in the background ignores some of these, and could not trap them."""
    wait = "for i in $(seq 200); do sleep 0.05; done"
    script = f"trap 'echo got it; exit 5' {number.value}; echo ready; {wait}"
    command = ["env", "--default-signal", *PROBE, "--", "sh", "-c", script]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == "got it\n"
    assert process.returncode == 5


def test_a_pipe_that_closes_ends_the_command_as_without_the_probe(tmp_path: Path) -> None:
    done = probe(tmp_path, "--", "sh", "-c", "{ yes; echo $? >&2; } | head -1")
    assert (done.stdout, done.stderr.splitlines()[0]) == ("y\n", "141")


def test_a_folder_that_cannot_be_written_does_not_stop_the_command(tmp_path: Path) -> None:
    (tmp_path / "sealrun-profile").write_text("a file stands here")
    done = probe(tmp_path, "--", "echo", "done")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "expected a folder to write to" in done.stderr


def test_a_job_without_stderr_is_run_all_the_same(tmp_path: Path) -> None:
    line = f"{' '.join(PROBE)} -- sh -c 'echo done; exit 3' 2>&-"
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "done\n", "")


def test_the_token_is_kept_for_its_owner_and_never_told(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "SEALRUN_ID_TOKEN": "eyJ.secret.token"}
    done = subprocess.run(
        [*PROBE, "--out", "left", "--", "env"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    token = tmp_path / "left" / "token.jwt"
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("eyJ.secret.token", 0o600)
    others = "".join(path.read_text() for path in token.parent.iterdir() if path != token)
    assert "secret" not in done.stdout + done.stderr + others


def test_what_an_earlier_run_left_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "sealrun-profile"
    folder.mkdir()
    for name in ("perf.data", "token.jwt", "seller.txt"):
        (folder / name).write_text("old")
    probe(tmp_path, "--", "true")
    assert {path.name for path in folder.iterdir()} == {
        "seller.txt",
        "probes.json",
        "profile.json",
        "profile.folded",
    }


def test_the_time_is_the_commands_and_its_childrens(tmp_path: Path) -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass"
    started = time.process_time()
    probe(tmp_path, "--", "sh", "-c", f"{sys.executable} -c '{spin}'; true")
    assert time.process_time() - started < 0.3
    told = json.loads((tmp_path / "sealrun-profile" / "profile.json").read_text())
    assert (told["sampler"], told["hz"]) == ("rusage", 100)
    assert 25 <= told["samples"] <= 200
    (line, *_) = (tmp_path / "sealrun-profile" / "profile.folded").read_text().splitlines()[-1:]
    assert line.startswith("sh;(user) ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "expected -- and a command"),
        (["run", "--"], "expected -- and a command"),
        (["run", "--sampler", "perf,magic", "--", "true"], "expected some of perf, py-spy, proc, rusage"),
        (["run", "--probe", "Steps=./w:step", "--", "true"], "expected NAME=BINARY:FUNCTION"),
        (["run", "--probe", "a=./w:f", "--probe", "a=./w:g", "--", "true"], "each once"),
        (["run", "true"], "unrecognized arguments: true"),
    ],
)
def test_a_line_that_is_wrong_runs_nothing(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert says in capsys.readouterr().err
