"""Each sampler on a real command, with what this machine has: perf, py-spy, /proc, rusage."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sealrun.evidence import call_stacks as stacks
from sealrun_probe.folding import frame
from sealrun_probe.py_spy import PySpy

pytestmark = pytest.mark.peers

BUSY = """
import time

def inner(until):
    while time.process_time() < until:
        sum(i * i for i in range(2000))

def outer():
    inner(1.5)

outer()
"""
# Not optimised: every function then keeps its frame pointer, by which perf finds the caller.
NATIVE = """
#include <stdint.h>
#include <sys/prctl.h>
uint64_t oracle_step(uint64_t x) {
  for (int i = 0; i < 100000; i++) x = x * 6364136223846793005ULL + 1442695040888963407ULL;
  return x;
}
uint64_t oracle_run(int n) {
  uint64_t x = 1;
  for (int i = 0; i < n; i++) x = oracle_step(x);
  return x + 1;
}
int main(int argc, char **argv) {
  if (argc > 2) prctl(PR_SET_NAME, argv[2]);
  return oracle_run(argc == 2 ? 7 : 3000) == 42;
}
"""


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of two functions."""
    folder = tmp_path_factory.mktemp("native")
    (folder / "w.c").write_text(NATIVE)
    subprocess.run(["gcc", "-O0", "-g", "w.c", "-o", "w"], cwd=folder, check=True)
    return folder / "w"


def sample(folder: Path, *words: str, status: int = 0) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    """Run the probe; what it tells and the stacks, as the collector reads them."""
    (folder / "busy.py").write_text(BUSY)
    done = subprocess.run(
        ["sealrun-probe", "run", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status, done.stderr
    left = folder / "sealrun-profile"
    told: dict[str, Any] = json.loads((left / "profile.json").read_text())
    read = stacks.parse((left / "profile.folded").read_bytes())
    assert told["samples"] == sum(read.values())
    return told, read


def test_perf_names_the_functions_of_a_native_program(tmp_path: Path, native: Path) -> None:
    told, read = sample(tmp_path, "--sampler", "perf", "--", "sh", "-c", f"{native}; exit 3", status=3)
    assert (told["sampler"], told["hz"], told["refused"], told["cut"]) == ("perf", 99, {}, False)
    named = ("oracle_run (w)", "oracle_step (w)")
    hot = sum(count for frames, count in read.items() if frames[0] == "w" and frames[-2:] == named)
    assert hot > told["samples"] / 2
    # 99 samples to a second of processor time
    assert told["samples"] == pytest.approx(99 * (told["user_ms"] + told["system_ms"]) / 1000, rel=0.2, abs=4)
    again = subprocess.run(
        ["perf", "report", "-i", tmp_path / "sealrun-profile" / "perf.data", "--stdio", "--no-children"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "oracle_step" in again.stdout


@pytest.mark.parametrize("name", ["Worker 7 io:", "", "a\nb;c", "  ) S 9 (", os.fsdecode(b"\xff%41")])
def test_perf_keeps_the_stacks_of_any_thread_in_any_folder(tmp_path: Path, native: Path, name: str) -> None:
    """A path with parentheses lost its stacks, an empty name every sample."""
    place = tmp_path / os.fsdecode(b"job (copy) [1]\n;\xff") / "w (deleted);"
    place.parent.mkdir()
    shutil.copy(native, place)
    told, read = sample(tmp_path, "--sampler", "perf", "--", str(place), "as", name)
    assert (told["sampler"], told["refused"]) == ("perf", {})
    named = ("oracle_run (w (deleted)%3B)", "oracle_step (w (deleted)%3B)")
    hot = sum(count for frames, count in read.items() if frames[0] == frame(name) and frames[-2:] == named)
    assert hot > told["samples"] / 2


def test_perf_works_for_a_user_without_rights(tmp_path: Path, native: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("expected to start as root, so that rights can be given up, got another user")
    shutil.copy(native, tmp_path / "w")
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108  pytest's own folder, closed to others
            folder.chmod(0o755)
    source = tmp_path / "source"
    shutil.copytree(Path(__file__).parents[2] / "probe" / "src", source)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/env"]
    own = ["PYTHONPATH=source", "/usr/bin/python3", "-m", "sealrun_probe", "run", "--sampler", "perf"]
    done = subprocess.run(
        [*command, *own, "--probe", "steps=./w:oracle_step", "--", "./w"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "sealrun-profile" / "profile.json").read_text())
    assert (told["sampler"], told["samples"] > 10) == ("perf", True), told
    probes = json.loads((tmp_path / "sealrun-profile" / "probes.json").read_text())["probes"]
    assert list(probes["steps"]) == ["refused"]
    assert probes["steps"]["refused"]


def test_a_probe_counts_every_pass_and_names_values(tmp_path: Path, native: Path) -> None:
    wanted = [f"returns={native}:oracle_step%return:ret=$retval:u64", f"runs={native}:oracle_run:n=%di:s32"]
    options = [part for text in [*wanted, f"none={native}:no_such_function"] for part in ("--probe", text)]
    sample(
        tmp_path, "--sampler", "perf,rusage", *options, "--", "sh", "-c", f"{native} short; {native} short"
    )
    probes = json.loads((tmp_path / "sealrun-profile" / "probes.json").read_text())["probes"]
    x, returned = 1, []
    for _ in range(7):
        for _ in range(100_000):
            x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        returned.append({"ret": str(x)})
    assert probes["returns"] == {"hits": 14, "values": returned * 2}
    assert probes["runs"] == {"hits": 2, "values": [{"n": "7"}] * 2}
    assert "not found" in probes["none"]["refused"]
    listed = subprocess.run(["perf", "probe", "--list"], capture_output=True, text=True, check=True)
    assert "sealrun_" not in listed.stdout + listed.stderr


def test_perf_stops_at_its_bound_and_says_so(tmp_path: Path) -> None:
    """So many samples that perf writes some before the end: only then it looks at the bound."""
    often = "perf.EVENT, perf.MAX_DATA = 'cpu-clock/freq=9999/', '16K'"
    small = f"from sealrun_probe import main, perf; {often}; main.main()"
    (tmp_path / "busy.py").write_text(BUSY)
    command = ["sh", "-c", f"{sys.executable} busy.py; true"]
    done = subprocess.run(
        [sys.executable, "-c", small, "run", "--sampler", "perf", "--", *command],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told = json.loads((tmp_path / "sealrun-profile" / "profile.json").read_text())
    assert (told["sampler"], told["cut"]) == ("perf", True), done.stderr
    assert (tmp_path / "sealrun-profile" / "perf.data").stat().st_size < 1_000_000


def test_py_spy_names_the_functions_of_python(tmp_path: Path) -> None:
    told, read = sample(
        tmp_path, "--sampler", "py-spy", "--", "sh", "-c", f"{sys.executable} busy.py; exit 4", status=4
    )
    assert (told["sampler"], told["hz"], told["refused"]) == ("py-spy", 99, {})
    chain = ("<module> (busy.py)", "outer (busy.py)", "inner (busy.py)")
    assert sum(count for frames, count in read.items() if frames[2:5] == chain) > told["samples"] / 2
    assert {frames[0] for frames in read} == {"sh"}
    assert not (tmp_path / "sealrun-profile" / "perf.data").exists()


def test_py_spy_sees_python_that_takes_the_place_of_a_shell(tmp_path: Path) -> None:
    """py-spy looks at the command's own process for a tenth of a second, and gave up for good."""
    (tmp_path / "late.py").write_text(BUSY.replace("1.5", "4"))
    script = f"sleep 0.5; exec {sys.executable} late.py"
    told, read = sample(tmp_path, "--sampler", "py-spy", "--", "sh", "-c", script)
    assert (told["sampler"], told["refused"]) == ("py-spy", {})
    assert any("inner (late.py)" in frames for frames in read)


def test_py_spy_sees_python_that_comes_again(tmp_path: Path) -> None:
    """Between two programs nothing is Python, and py-spy ends."""
    (tmp_path / "again.py").write_text(BUSY.replace("1.5", "4"))
    script = f"{sys.executable} busy.py; sleep 0.5; {sys.executable} again.py; true"
    told, read = sample(tmp_path, "--sampler", "py-spy", "--", "sh", "-c", script)
    assert (told["sampler"], told["refused"]) == ("py-spy", {})
    for file in ("busy.py", "again.py"):
        assert any(f"inner ({file})" in frames for frames in read), file


def test_py_spy_halts_no_command_where_the_job_asks_rust_programs_for_their_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RUST_LOG is py-spy's too: it filled a pipe that nobody read, and waited while it held the command."""
    monkeypatch.setenv("RUST_LOG", "trace")
    script = (
        "import os, threading, time\n"
        "assert os.environ['RUST_LOG'] == 'trace'\n"
        "def inner(until):\n"
        "    while time.monotonic() < until: sum(range(1000))\n"
        "threads = [threading.Thread(target=inner, args=(time.monotonic() + 2,)) for _ in range(16)]\n"
        "for each in threads: each.start()\n"
        "for each in threads: each.join()\n"
    )
    told, _ = sample(tmp_path, "--sampler", "py-spy", "--", sys.executable, "-c", script)
    assert (told["sampler"], told["refused"]) == ("py-spy", {})


@pytest.mark.parametrize(
    "script", ["for each in 1; do {python} busy.py; done", "printf '%s busy.py' {python} | xargs env"]
)
def test_python_is_shown_by_its_functions_where_no_word_tells_of_it(tmp_path: Path, script: str) -> None:
    """Beside it, perf works too, and names no functions of an interpreter as others build it."""
    told, read = sample(tmp_path, "--", "sh", "-c", script.format(python=sys.executable))
    assert told["sampler"] == "py-spy", told
    assert any("inner (busy.py)" in frames for frames in read)


def test_perf_is_kept_where_most_of_the_work_is_not_python(tmp_path: Path, native: Path) -> None:
    (tmp_path / "some.py").write_text(BUSY.replace("1.5", "0.3"))
    script = f"for each in 1 2 3 4 5; do {native}; done; {sys.executable} some.py; true"
    told, read = sample(tmp_path, "--", "sh", "-c", script)
    assert told["sampler"] == "perf", told
    assert any("oracle_step (w)" in frames for frames in read)


@pytest.mark.parametrize("sampler", [(), ("--sampler", "py-spy")])
def test_a_command_that_leaves_python_running_ends_as_soon_as_without_the_probe(
    tmp_path: Path, native: Path, sampler: tuple[str, ...]
) -> None:
    """py-spy goes on as long as a child lives, so the job ended twenty seconds later."""
    left = "import time; time.sleep(5); [each for each in iter(lambda: time.process_time() < 9, False)]"
    script = f'{sys.executable} -c "{left}" >/dev/null 2>&1 & echo $! > left; {native}; exit 3'
    begun = time.monotonic()
    try:
        told, _ = sample(tmp_path, *sampler, "--", "sh", "-c", script, status=3)
        late = time.monotonic() - begun - told["wall_ms"] / 1000
    finally:
        os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)
    assert late < 8
    assert sampler or told["sampler"] == "perf", told  # by itself py-spy may have seen nothing at work
    assert told["samples"] / told["hz"] < 1 + told["wall_ms"] / 1000


def test_a_short_command_that_leaves_python_running_is_not_waited_for_behind_an_ampersand(
    tmp_path: Path,
) -> None:
    """A shell has what it starts so ignore SIGINT, which py-spy hears only a moment after its start."""
    command = f'{sys.executable} -c "import time; time.sleep(60)" >/dev/null 2>&1 & echo $! > left; sleep 0'
    words = ["sealrun-probe", "run", "--", "sh", "-c", command]
    begun = time.monotonic()
    try:
        subprocess.run(["sh", "-c", '"$@" & wait $!', "sh", *words], cwd=tmp_path, check=True, timeout=60)
        assert time.monotonic() - begun < 8
    finally:
        os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


def test_py_spy_that_another_user_runs_is_read_when_it_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As by a py-spy on PATH that is a script with sudo: root's process takes no signal of the probe's."""

    def refuse(process: object, number: int) -> None:
        raise PermissionError(f"{process}: no signal {number}")

    monkeypatch.setattr(subprocess.Popen, "send_signal", refuse)
    sampler = PySpy()
    sampler.watch(0)
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        sampler.released(busy.pid)
    assert any("inner (" in frame for frames in sampler.end().stacks for frame in frames)


def test_py_spy_gives_way_where_nothing_is_python(tmp_path: Path, native: Path) -> None:
    told, read = sample(tmp_path, "--sampler", "py-spy,proc", "--", "sh", "-c", f"{native}; {native} short")
    assert told["sampler"] == "proc"
    assert told["refused"]["py-spy"]
    assert read["sh", "w"] > told["samples"] / 2


def test_proc_names_the_processes(tmp_path: Path) -> None:
    told, read = sample(tmp_path, "--sampler", "proc", "--", "sh", "-c", f"{sys.executable} busy.py; true")
    assert told["sampler"] == "proc"
    python = next(
        count
        for frames, count in read.items()
        if frames[:1] == ("sh",) and len(frames) == 2 and "python" in frames[1]
    )
    assert python > told["samples"] / 2
    used = (told["user_ms"] + told["system_ms"]) * told["hz"] / 1000
    assert told["samples"] == pytest.approx(used, abs=3)


def test_rusage_always_works(tmp_path: Path) -> None:
    told, read = sample(tmp_path, "--sampler", "rusage", "--", sys.executable, "busy.py")
    assert told["sampler"] == "rusage"
    assert read[Path(sys.executable).name, "(user)"] > 50


def test_perf_that_is_missing_is_named_and_the_next_one_works(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:/nonexistent"}
    command = [sys.executable, "-m", "sealrun_probe", "run", "--sampler", "perf,proc", "--", sys.executable]
    done = subprocess.run(
        [*command, "-c", BUSY], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "sealrun-probe: perf: expected perf on PATH, got none (Debian: linux-perf)" in done.stderr
    assert json.loads((tmp_path / "sealrun-profile" / "profile.json").read_text())["sampler"] == "proc"
