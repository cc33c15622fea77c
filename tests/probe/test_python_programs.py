"""Which commands are Python, so that their samples name its functions, and what is said where they do not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sealrun_probe.python_programs import is_python, without_functions
from tests.probe.test_command import ENVIRONMENT

SPIN = "import time\nwhile time.process_time() < 0.1: pass"


@pytest.mark.parametrize(
    "words",
    [
        ["python"],
        ["/usr/bin/python3.11", "-m", "build"],
        ["python3.13t", "x.py"],
        ["pypy3", "x.py"],
        ["pytest", "-q"],
        ["uv", "run", "build.py"],
        ["poetry", "run", "make"],
        ["uvx", "ruff"],
        ["env", "-i", "A=b", "python3", "x.py"],
        ["timeout", "60s", "nice", "-n", "5", "python3", "x.py"],
        ["sh", "-c", "python x.py"],
        ["bash", "-euc", "set -x\ncd dist && A=b python3 x.py; echo 'it is done'"],
        ["sh", "-c", "exec /opt/bin/python3 x.py"],
        ["bash", "-eo", "pipefail", "-c", "python x.py \\\n  --size 3 \\\n  --out y"],
        ["bash", "-c", "# It's warm; then measure\npython x.py\n  # done && out"],
        ["sh", "-c", "mkdir -p out && python x.py"],
        ["sh", "-c", "rm -rf out; [ -d out ] || mkdir out; A=$B; python x.py || exit 1"],
        ["bash", "-c", "python -c 'import a; a.run(1 | 2)'"],
        ["bash", "-c", "python - --size 3 <<'EOF' 2>&1 | tee log\nprint('it is; done')\nEOF\nls -l"],
        ["bash", "-c", 'python -c "\n# it is warm\nimport a\na.run()\n"'],
        ["bash", "-c", "python a.py --as '' -v &> log &\npython b.py >&2\r\nwait"],
        ["bash", "-c", "pushd src; [[ -d out ]] || return 1; python x.py; popd"],
        ["sh", "-c", "rm -rf out; command python x.py"],
        ["busybox", "sh", "-c", "python x.py"],
        ["timeout", "-s", "KILL", "1.5m", "python", "x.py"],
        ["timeout", "--signal=KILL", "-k", "5", "60", "python", "x.py"],
        ["env", "-u", "HOME", "-C", "src", "python", "x.py"],
        ["env", "-S", "python -u x.py"],
        ["env", "-iS", "A=b python", "x.py"],
        ["sudo", "-E", "-u", "ci", "python", "x.py"],
        ["stdbuf", "-o", "L", "python", "x.py"],
        ["taskset", "-c", "0,2-3", "python", "x.py"],
        ["ionice", "-c", "3", "nice", "python", "x.py"],
        ["tini", "--", "python", "x.py"],
        ["uv", "--quiet", "--project", "src", "run", "x.py"],
        ["uv", "tool", "run", "black"],
        ["poetry", "-C", "src", "run", "pytest"],
        ["conda", "run", "-n", "base", "python", "x.py"],
        ["pipx", "run", "black"],
        ["python3-dbg", "x.py"],
        ["numactl", "-C", "0", "-m", "0", "python", "x.py"],
        ["chrt", "-f", "99", "setarch", "-R", "python", "x.py"],
        ["mpirun", "-n", "4", "--oversubscribe", "python", "x.py"],
        ["xvfb-run", "-a", "-s", "-screen 0 640x480x24", "python", "x.py"],
        ["sh", "-c", "lscpu; nproc; which python && python x.py"],
        ["sh", "-c", "uv sync --quiet && uv run x.py"],
        ["sh", "-c", "uv pip install x && python x.py"],
    ],
)
def test_a_python_command_is_known_by_its_words(words: list[str]) -> None:
    assert is_python(words)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["make"],
        ["no-such-program"],
        ["uv", "pip", "install", "x"],
        ["python3-config"],
        ["sh", "-c", "make && python x.py"],
        ["sh", "-c", "echo 'a; python"],
        ["sh", "-c", "# python x.py\nmake"],
        ["sh", "-c", "# python x.py"],
        ["sh", "-c", "make \\\n  python"],
        ["sh", "-c", "echo yes | make; python x.py"],
        ["sh", "-c", "python a.py & ./native"],
        ["sh", "-c", "cat <<EOF > x.mk\nall:\nEOF\nmake -f x.mk; python x.py"],
        ["sh", "-c", "rm -rf out"],
        ["sh", "-c", "A=$(make); python x.py"],
        ["sh", "-c"],
        ["sh", "-c", "cd x"],
        ["sh", "build.sh"],
        ["env"],
        ["env", *["env"] * 50, "python"],
        ["env", "-S"],
        ["env", "-S", "'python"],
        ["sudo", "-u"],
        ["sudo", "-u", "python", "make"],
        ["env", "-u", "python", "make"],
        ["uv", "pip", "install", "--quiet", "x"],
        ["sh", "-c", "exit 1"],
        ["sh", "-c", "make || exit 1"],
        ["sh", "-c", "echo 'python x.py; python y.py'"],
        ["sh", "-c", "command make; python x.py"],
        ["numactl", "-m", "python", "make"],
        ["sh", "-c", "uv sync && make"],
        ["sh", "-c", "uv sync"],
        ["sh", "-c", "cd; . ; cd nowhere && ./python.py; source"],
    ],
)
def test_other_commands_are_not(words: list[str]) -> None:
    assert not is_python(words)


@pytest.mark.parametrize(
    ("first", "python"),
    [
        ("#!/usr/bin/python3", True),
        ("#! /usr/bin/env python3", True),
        ("#!/usr/bin/env -S uv run --script", True),
        ('#!/bin/sh\n\'\'\'exec\' "/a long path/python" "$0" "$@"', True),
        ("#!/bin/sh\nexec python x.py", False),
        ("#!/usr/bin/env awk", False),
        ("\x7fELF", False),
        ("", False),
    ],
)
def test_a_script_is_known_by_its_first_line(tmp_path: Path, first: str, python: bool) -> None:  # noqa: FBT001
    script = tmp_path / "tool"
    script.write_text(f"{first}\n")
    script.chmod(0o755)
    assert is_python([str(script), "build"]) is python


@pytest.mark.parametrize(
    ("script", "python"),
    [
        ("cd a/b && ./tool", True),
        ("pushd a; cd b; mkdir -p c && ../b/tool --x", True),
        (". a/b/activate && tool", True),
        ("cd a && source b/activate && cd .. && tool", True),
        ("cd a && ./tool", False),
        ("cd a/b && tool", False),
        ("cd a/b; ./native", False),
        ("cd $HERE && ./top", True),
        ('cd "${HERE}/a/b"; ./tool', True),
        ("cd -P -- a/b; ./tool", True),
        ("cd ~/a && ./b/tool", True),
        ('cd "$(dirname "$0")" && ./top', True),
        ("pushd a; ls; popd; ./top", True),
        (". $HERE/a/b/activate && tool", True),
        ("cd $HERE/a/b && ./native", False),
    ],
)
def test_a_script_is_known_where_it_lies(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    python: bool,  # noqa: FBT001
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder, python3 = tmp_path / "a" / "b", "#!/usr/bin/env python3"
    folder.mkdir(parents=True)
    for name, first in (("tool", python3), ("native", "#!/bin/sh"), ("activate", ""), ("../../top", python3)):
        (folder / name).write_text(f"{first}\n")
        (folder / name).chmod(0o755)
    assert is_python(["bash", "-c", script]) is python


def test_samples_of_an_interpreter_without_functions_are_counted() -> None:
    stacks = {
        ("python3", "_PyEval_EvalFrameDefault (libpython3.12.so.1.0)"): 5,
        ("tool", "main (python3.12)", "(unknown)"): 3,
        ("python3",): 2,
        ("python3", "py::<module>:/x.py (JIT)", "PyObject_Free (libpython3.12.so.1.0)"): 100,
        ("make", "main (make)"): 100,
        ("python3-config", "main (sh)"): 100,
    }
    assert without_functions(stacks) == 10


def run(folder: Path, *words: str, path: str) -> tuple[dict[str, object], str]:
    command = [sys.executable, "-m", "sealrun_probe", "run", *words]
    environment = {**ENVIRONMENT, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    told: dict[str, object] = json.loads((folder / "sealrun-profile" / "profile.json").read_text())
    return told, done.stderr


def linked(folder: Path, *programs: str) -> str:
    """A PATH on which only these programs stand."""
    folder.mkdir()
    for name in programs:
        (folder / name).symlink_to(shutil.which(name) or name)
    return str(folder)


def test_python_that_nobody_can_look_into_is_told(tmp_path: Path) -> None:
    told, said = run(tmp_path, "--", sys.executable, "-c", SPIN, path="/nonexistent")
    samples = told["samples"]
    assert (told["python_without_functions"], told["sampler"]) == (samples, told["sampler"])
    assert (
        f"{samples} of the {samples} samples are Python and do not name its functions; py-spy names" in said
    )


def test_a_command_that_is_not_python_has_no_such_samples(tmp_path: Path) -> None:
    told, said = run(tmp_path, "--sampler", "rusage", "--", "sh", "-c", "true", path=os.environ["PATH"])
    assert told["python_without_functions"] == 0
    assert "Python" not in said


@pytest.mark.parametrize(
    ("programs", "value"), [((), None), (("perf",), "1"), (("py-spy",), None), (("perf", "py-spy"), None)]
)
def test_python_tells_perf_of_its_functions_only_where_perf_is_and_py_spy_is_not(
    tmp_path: Path, programs: tuple[str, ...], value: str | None
) -> None:
    asks = f"import os, sys; sys.exit(os.environ.get('PYTHONPERFSUPPORT') != {value!r})"
    run(tmp_path, "--", sys.executable, "-c", asks, path=linked(tmp_path / "bin", *programs))


@pytest.mark.peers
def test_a_python_command_is_sampled_by_py_spy_where_it_is_there(tmp_path: Path) -> None:
    long = SPIN.replace("0.1", "5")
    both = linked(tmp_path / "both", "perf", "py-spy")
    told, said = run(tmp_path, "--", sys.executable, "-c", long, path=both)
    assert (told["sampler"], told["python_without_functions"]) == ("py-spy", 0), said
    told, _ = run(tmp_path, "--", "/bin/sh", "-c", "ls >&2; ls >&2", path=f"{both}:/usr/bin:/bin")
    assert told["sampler"] in ("perf", "rusage")


@pytest.mark.peers
def test_perf_alone_says_how_much_of_python_it_does_not_name(tmp_path: Path) -> None:
    long = SPIN.replace("0.1", "0.6")
    told, said = run(tmp_path, "--", sys.executable, "-c", long, path=linked(tmp_path / "one", "perf"))
    assert told["sampler"] == "perf", said
    assert isinstance(told["samples"], int)
    assert isinstance(told["python_without_functions"], int)
    assert told["samples"] / 2 < told["python_without_functions"] <= told["samples"]
    assert "py-spy: expected py-spy on PATH, got none" in said
    assert "samples are Python and do not name its functions" in said
