"""Python programs: whether a command is one, and how many samples lack their functions."""

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from sealrun_probe.folding import Stacks

# Makes Python 3.12 and newer tell perf of its functions; older ones ignore it:
# https://docs.python.org/3/howto/perf_profiling.html
PERF_VARIABLE = "PYTHONPERFSUPPORT"
_INTERPRETER = re.compile(r"(?:python|pypy)w?\d*(?:\.\d+)?t?(?:-dbg)?")
# Programs that are not Python themselves, but start it; the others have a first line that names Python.
_STARTERS = {
    "conda",
    "hatch",
    "mamba",
    "micromamba",
    "pdm",
    "pipenv",
    "pipx",
    "pixi",
    "poetry",
    "rye",
    "uv",
}
_KNOWN = {"pytest", "py.test", "tox", "nox", "uvx"}
# Run the rest of their words; by each, its short options whose value is a word of its own.
_WRAPPERS = {
    "busybox": "",
    "chrt": "",
    "command": "",
    "dumb-init": "r",
    "env": "Cu",
    "exec": "a",
    "ionice": "cn",
    "mpiexec": "H",
    "mpirun": "H",
    "nice": "n",
    "nohup": "",
    "numactl": "CNimp",
    "setarch": "",
    "setsid": "",
    "stdbuf": "eio",
    "sudo": "CDRTghpu",
    "taskset": "",
    "time": "fo",
    "timeout": "ks",
    "tini": "ep",
    "xvfb-run": "efnpsw",
}
_SHELLS = {"sh", "bash", "dash", "ash", "zsh"}
# Of a script only these may stand beside Python: whatever else takes time is not Python.
_BESIDE = {
    ".", ":", "[", "[[", "cat", "cd", "chmod", "cp", "date", "declare", "df", "echo", "exit", "export",
    "false", "free", "hash", "head", "hostname", "id", "ln", "local", "ls", "lscpu", "mkdir", "mktemp",
    "mv", "nproc", "nvidia-smi", "popd", "printenv", "printf", "pushd", "pwd", "read", "readonly",
    "return", "rm", "rmdir", "set", "shift", "shopt", "sleep", "source", "tail", "tee", "test", "touch",
    "trap", "true", "type", "ulimit", "umask", "uname", "unset", "wait", "which", "whoami",
}  # fmt: skip
# A variable that is set, by no other command.
_SETS = re.compile(r"\w+=(?!.*(?:\$\(|`)).*", re.DOTALL)
# A line that goes on in the next one, a line that is a comment, and where an output goes.
_NO_COMMAND = re.compile(r"\\\r?\n|^[ \t]*#.*$|[<>]&|&>", re.MULTILINE)
# What a command reads that stands in the lines behind it.
_HERE = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1(.*)\n(?:.*\n)*?[ \t]*\2$", re.MULTILINE)
_BETWEEN = ";&|\n"
# What may stand before the program: options, assignments; times, priorities and processors.
_SKIPPED = re.compile(r"-.*|\w+=.*|[\d.,-]+[smhd]?|0x[0-9a-fA-F]+", re.DOTALL)
# env's own option for words that lie in one: -S, -iS, -S'python x.py', --split-string=...
_SPLIT = re.compile(r"(?:-[iv0]*S|--split-string=?)(.*)", re.DOTALL)
MAX_DEPTH = 5
_FIRST_LINES = 512
# A file of the interpreter, or the name of its process: ``f (libpython3.11.so.1.0)``, ``python3``.
_AT_WORK = re.compile(r"(?:.*\()?(?:lib)?(?:python|pypy)w?[\d.]*t?(?:\.so[\d.]*)?\)?")
_FUNCTION = re.compile(r"py::.*")


class Place(NamedTuple):
    """Where a program is looked for: the folder that a script went into, and what it put before PATH."""

    folder: Path = Path()
    programs: str = ""


def is_python(words: Sequence[str], *, depth: int = MAX_DEPTH, place: Place | None = None) -> bool:
    """True for a command that is Python alone, as far as its words and its file's first line tell."""
    if not words or not depth:
        return False
    name, rest, place = Path(words[0]).name, list(words[1:]), place or Place()
    if _INTERPRETER.fullmatch(name) or name in _KNOWN or (name in _STARTERS and "run" in rest):
        return True
    if name in _WRAPPERS:
        return is_python(_wrapped(name, rest), depth=depth - 1, place=place)
    if name in _SHELLS:
        return _is_python_script(rest, depth=depth - 1, place=place)
    return is_python(_interpreter_of(words[0], place), depth=depth - 1, place=place)


def _wrapped(name: str, words: list[str]) -> list[str]:
    """The words of the program that such a wrapper runs; none where they are not understood."""
    while words and _SKIPPED.fullmatch(words[0]):
        word = words.pop(0)
        if name == "env" and (split := _SPLIT.fullmatch(word)):
            text = split[1] or (words.pop(0) if words else "")
            try:
                words = [*shlex.split(text), *words]
            except ValueError:
                return []
        elif re.fullmatch(r"-\w+", word) and word[-1] in _WRAPPERS[name]:
            del words[:1]
    return words


def _is_python_script(options: list[str], *, depth: int, place: Place) -> bool:
    """``sh -c SCRIPT``: Python, and nothing beside it but what a shell does itself."""
    flags = [at for at, word in enumerate(options) if re.fullmatch(r"-[a-z]*c", word)]
    if not flags or len(options) <= flags[0] + 1:
        return False
    try:
        commands = _commands(options[flags[0] + 1])
    except ValueError:  # a quote that is never closed: not understood
        return False
    found = False
    for words in commands:
        place = _next_place(words, place)
        if not _is_beside(words):
            found = True
            if not is_python(["env", *words], depth=depth, place=place):
                return False
    return found


def _is_beside(words: list[str]) -> bool:
    """What is no program of its own; what installs programs, as uv sync, is no other's."""
    installs = words[0] in _STARTERS and "run" not in words
    return words[0] in _BESIDE or installs or all(map(_SETS.fullmatch, words))


def _next_place(words: list[str], place: Place) -> Place:
    """After cd, and after a virtual environment was activated; variables have their values of now."""
    name, named = words[0], next((each for each in words[1:] if not each.startswith("-")), "")
    target = place.folder / os.path.expanduser(os.path.expandvars(named))  # noqa: PTH111  Path's raises
    if name in ("cd", "pushd"):
        return place._replace(folder=target)
    activated = name in (".", "source") and target.name == "activate"
    return place._replace(programs=str(target.parent)) if activated else place


def _commands(script: str) -> list[list[str]]:
    """The words of each command, without what decides whether it runs."""
    read = shlex.shlex(_NO_COMMAND.sub(" ", _HERE.sub(r"\3", script)), posix=True, punctuation_chars=_BETWEEN)
    read.whitespace, read.whitespace_split, read.commenters = " \t\r", True, ""
    apart = groupby(read, key=lambda word: bool(word) and not word.strip(_BETWEEN))
    return [list(words) for between, words in apart if not between]


def _interpreter_of(program: str, place: Place) -> list[str]:
    """The words of a script's first line behind ``#!``; none where it has no such line."""
    # Also where the command began: a script may come back to there, or go where only a shell knows.
    places = [str((each / program).absolute()) for each in (place.folder, Path())]
    named = places if "/" in program else [program]
    before = place.programs and shutil.which(program, path=place.programs)
    path = before or next(filter(None, map(shutil.which, named)), named[0])
    try:
        with Path(path).open("rb") as file:
            first, _, second = file.read(_FIRST_LINES).partition(b"\n")
    except (OSError, ValueError):
        return []
    if second.startswith(b"'''exec'"):  # pip's, where the path to Python is too long for the kernel
        return ["python"]
    return first[2:].decode(errors="replace").split() if first.startswith(b"#!") else []


def without_functions(stacks: Stacks) -> int:
    """In how many samples Python was at work and no frame says in which function of the program."""
    return sum(
        count
        for frames, count in stacks.items()
        if any(map(_AT_WORK.fullmatch, frames)) and not any(map(_FUNCTION.fullmatch, frames))
    )
