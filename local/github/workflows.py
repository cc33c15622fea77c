"""A workflow's file at a commit: its inputs as GitHub checks them, its run's name, its jobs."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from local.github.messages import ApiError, not_found
from local.github.store import Repository

MAX_INPUTS = 25
_EXPRESSION = re.compile(r"\$\{\{\s*(?:github\.event\.)?inputs\.(\w+)\s*\}\}")


@dataclass(frozen=True)
class Workflow:
    """One file at one commit."""

    file: str
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.document.get("name") or f".github/workflows/{self.file}")

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What ``workflow_dispatch`` declares."""
        # YAML 1.1 reads the bare word `on` as true.
        events: Any = self.document.get("on", self.document.get(True))  # type: ignore[call-overload]
        if events == "workflow_dispatch" or (isinstance(events, list) and "workflow_dispatch" in events):
            return {}
        if not isinstance(events, dict) or "workflow_dispatch" not in events:
            raise ApiError(422, "Workflow does not have 'workflow_dispatch' trigger")
        return (events["workflow_dispatch"] or {}).get("inputs") or {}

    def caller(self, path: str) -> str:
        """The job that called the workflow which act's ``path`` of names leads into; empty for an own job."""
        first, *below = path.split("/")
        calls = "uses" in (self.document["jobs"].get(first) or {})
        return first if calls and len(below) > 1 else ""

    def uses(self, key: str) -> str:
        """The workflow that a job calls, as the file names it."""
        return str((self.document["jobs"].get(key) or {}).get("uses") or "")

    def job_name(self, key: str, matrix: Mapping[str, Any]) -> str:
        """As GitHub shows it: ``check (1, x)`` for a job of a matrix, ``done / hash`` for a called one."""
        own, _, called = key.partition("/")
        name = str((self.document["jobs"].get(own) or {}).get("name") or own)
        name = f"{name} / {called}" if called else name
        return f"{name} ({', '.join(str(value) for value in matrix.values())})" if matrix else name

    def values(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The inputs of a run, defaults and all; 422 in GitHub's words where it would not take them."""
        declared = self.inputs
        if len(given) > MAX_INPUTS:
            raise ApiError(
                422, f"you may only define up to {MAX_INPUTS} `inputs` for a `workflow_dispatch` event"
            )
        if unknown := [name for name in given if name not in declared]:
            raise ApiError(422, f"Unexpected inputs provided: {json.dumps(unknown)}")
        return {name: _value(name, given.get(name), one or {}) for name, one in declared.items()}

    def title(self, values: Mapping[str, str]) -> str:
        """``run-name`` with the inputs put in, or the workflow's name; other expressions stay empty."""
        named = _EXPRESSION.sub(
            lambda match: values.get(match[1], ""), str(self.document.get("run-name") or "")
        )
        return re.sub(r"\$\{\{.*?\}\}", "", named).strip() or self.name


def _value(name: str, given: Any, one: Mapping[str, Any]) -> str:
    value = one.get("default") if given is None else given
    if value is None and one.get("required"):
        raise ApiError(422, f"Required input '{name}' not provided")
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    options = [str(option) for option in one.get("options") or []]
    if one.get("type") == "choice" and text not in options:
        raise ApiError(422, f"Provided value '{text}' for input '{name}' not in the list of allowed values")
    if one.get("type") == "boolean" and text not in ("true", "false", ""):
        raise ApiError(422, f"Provided value '{text}' for input '{name}' is not a boolean")
    return text


def read_workflow(repository: Repository, file: str, commit: str) -> Workflow:
    """The workflow at the commit; 404 if there is no such file, 422 if it is not a workflow."""
    text = git(repository, "show", f"{commit}:.github/workflows/{file}")
    if not text:
        raise not_found()
    try:
        document = yaml.safe_load(text)
        return Workflow(file, {**document, "jobs": dict(document["jobs"])})
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise ApiError(422, f"failed to parse workflow: {str(error)[:200]}") from error


def workflow_id(one: Repository, file: str) -> int:
    """A number for the file that is always the same."""
    return one.id * 1_000_000 + sum(file.encode())


def file_of(repository: Repository, named: str) -> str:
    """The workflow's file, which the API takes by its name or by its id."""
    listed = git(repository, "ls-tree", "--name-only", "HEAD", ".github/workflows/").split()
    files = [path.rpartition("/")[2] for path in listed]
    for file in files:
        if named in (file, str(workflow_id(repository, file))):
            return file
    raise not_found()


def resolve(repository: Repository, ref: str) -> tuple[str, str]:
    """The full name and the commit of a branch or tag; 422 in GitHub's words where there is none."""
    names = [ref] if ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    for name in names:
        if commit := git(repository, "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}").strip():
            return name, commit
    raise ApiError(422, f"No ref found for: {ref}")


def git(repository: Repository, *arguments: str) -> str:
    """The output of git; empty if git fails."""
    command = ["git", "-C", repository.folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode else done.stdout
