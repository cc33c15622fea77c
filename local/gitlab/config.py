"""Reads the CI configuration of one pipeline by gitlab-ci-local."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.engines import environment
from local.nodejs import NODE

ROOT = Path(__file__).resolve().parents[2]
FILE = ".gitlab-ci.yml"
GENERATED = ".gitlab-ci.sealrun.yml"
_GITLAB_CI_LOCAL = ROOT / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# Job logic that this GitLab does itself, and that the engine must not do again. The engine resets the job's
# folder before an after_script and loses the artifacts, so an after_script becomes a trap of the script.
_NOT_FOR_THE_ENGINE = ("retry", "id_tokens", "timeout", "after_script")
_AFTER = (
    "trap '_code=$?; set +e; CI_JOB_STATUS=$([ $_code = 0 ] && echo success || echo failed) "
    "bash {path}; exit $_code' EXIT"
)


# The engine only keeps a bridge's place among the jobs; the pipeline that it starts is this GitLab's own.
_BRIDGE = "until test -e {path}; do sleep 0.1; done; exit $(cat {path})"


class ConfigError(Exception):
    """GitLab would refuse to create this pipeline; the text is GitLab's error message."""


@dataclass(frozen=True)
class ListedJob:
    """A job that the pipeline has, rules and ``parallel`` applied."""

    name: str
    stage: str
    when: str
    allow_failure: bool
    timeout: float  # seconds, 0.0 where the job names none
    bridge: bool  # it starts another pipeline


@dataclass(frozen=True)
class Config:
    """The configuration with includes, extends and inputs resolved."""

    document: dict[str, Any]
    name: str
    jobs: tuple[ListedJob, ...]

    def written(self, name: str) -> Mapping[str, Any]:
        """What the configuration says of the job of this name."""
        job: Mapping[str, Any] = self.document[base_name(name, self.document)]
        return job


def command(*arguments: str) -> list[str]:
    """The command line of gitlab-ci-local, on the Node of this environment."""
    return [NODE, str(_GITLAB_CI_LOCAL), "--color=false", *arguments]


def read_config(
    clone: Path,
    *,
    inputs: Mapping[str, Any],
    variables: Mapping[str, str],
    home: Path,
    file: str = FILE,
) -> Config:
    """Read the checkout's configuration for these inputs and variables.

    Raises:
        ConfigError: GitLab would refuse it.
    """
    if not (clone / file).exists():
        raise ConfigError("Missing CI config file")
    _only_known_inputs(clone / file, inputs)
    arguments = ["--file", file, *input_arguments(inputs), *variable_arguments(variables)]
    # The engine takes about half a second for each of these two, so they run at once. The first validates.
    with ThreadPoolExecutor(2) as both:
        listed = both.submit(_run, clone, "--list-json", *arguments, home=home)
        shown = both.submit(_run, clone, "--preview", "--json-schema-validation=false", *arguments, home=home)
    document = yaml.safe_load(shown.result())
    jobs = tuple(_listed(job, document) for job in json.loads(listed.result()) if job["when"] != "never")
    if not jobs:
        raise ConfigError("The resulting pipeline would have been empty.")
    return Config(document, _pipeline_name(document, variables), jobs)


def write_generated(
    clone: Path, config: Config, job_variables: Callable[[str, Mapping[str, Any]], Mapping[str, str]]
) -> None:
    """Write the file that runs: the configuration with the variables of each job put in.

    Not right for ``parallel``: the copies of one job share these variables.
    """
    document = dict(config.document)
    for name in dict.fromkeys(base_name(job.name, document) for job in config.jobs):
        job = {key: value for key, value in document[name].items() if key not in _NOT_FOR_THE_ENGINE}
        own = job_variables(name, document[name])
        after = _after_script(clone, name, document[name].get("after_script"))
        script = {"script": [*after, *_lines(job["script"])]} if "script" in job else {}
        if job.pop("trigger", None):
            script = {"script": [_BRIDGE.format(path=shlex.quote(str(bridge_path(clone, name))))]}
        document[name] = {**job, **script, "variables": {**(job.get("variables") or {}), **own}}
    (clone / GENERATED).write_text(yaml.safe_dump(document, sort_keys=False))


def bridge_path(clone: Path, name: str) -> Path:
    """The file that ends a bridge in the engine, with its exit code."""
    return clone / ".git" / f"bridge-{name.encode().hex()[:200]}"


def base_name(name: str, document: Mapping[str, Any]) -> str:
    """``test`` for ``test: [1/2]``."""
    return name if name in document else name.rsplit(": [", 1)[0]


def input_arguments(inputs: Mapping[str, Any]) -> list[str]:
    """Inputs as gitlab-ci-local takes them: each value as JSON, so that its type is checked."""
    return [part for key, value in inputs.items() for part in ("--input", f"{key}={json.dumps(value)}")]


def variable_arguments(variables: Mapping[str, str]) -> list[str]:
    """Variables, with the engine's warnings about predefined ones off."""
    pairs = [part for key, value in variables.items() for part in ("--variable", f"{key}={value}")]
    if "CI_COMMIT_TAG" in variables:
        pairs += ["--unset-variable", "CI_COMMIT_BRANCH"]
    return ["--ignore-predefined-vars", ",".join([*variables, "CI_JOB_ID", "CI_JOB_URL"]), *pairs]


def retries(retry: object, failure_reason: str) -> int:
    """How often ``retry: 2`` or ``retry: {max: 2, when: [...]}`` lets a job that failed so run again."""
    if not isinstance(retry, dict):
        return int(str(retry or 0))
    when = retry.get("when", "always")
    fits = {"always", failure_reason} & set(when if isinstance(when, list) else [when])
    return int(retry.get("max", 0)) if fits else 0


def seconds_of(duration: object) -> float:
    """``3h 30m``, ``90 seconds``, ``1 hour``: GitLab's words for a time; a bare number is seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]?)[a-z]*", str(duration or "").lower())
    return sum(float(number) * _UNITS.get(unit or "s", 1) for number, unit in parts)


def _after_script(clone: Path, name: str, written: object) -> list[str]:
    """The line that makes the after_script run at the script's end, in a shell of its own."""
    if not written:
        return []
    path = clone / ".git" / f"after-{name.encode().hex()[:200]}.sh"
    path.write_text("\n".join(_lines(written)) + "\n")
    return [_AFTER.format(path=shlex.quote(str(path)))]


def _lines(script: object) -> list[str]:
    """A script as a list: it may be one string."""
    return [str(line) for line in script] if isinstance(script, list) else [str(script)]


def _only_known_inputs(file: Path, inputs: Mapping[str, Any]) -> None:
    """Refuse inputs that are not declared, as GitLab does; the engine would ignore them."""
    documents = yaml.safe_load_all(file.read_text())
    header = next(iter(documents), None)
    if not (isinstance(header, dict) and "spec" in header):
        if inputs:
            raise ConfigError(
                "Given inputs not defined in the `spec` section of the included configuration file"
            )
        return
    unknown = [name for name in inputs if name not in (header["spec"].get("inputs") or {})]
    if unknown:
        raise ConfigError(f"`.gitlab-ci.yml`: unknown input arguments: {', '.join(unknown)}")


def _run(clone: Path, *arguments: str, home: Path) -> str:
    done = subprocess.run(
        command(*arguments),
        cwd=clone,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise ConfigError(_complaint(done.stderr))
    return done.stdout


def _complaint(stderr: str) -> str:
    """The engine's last line that says what is wrong, without its own introduction."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    wrong = [line for line in lines if "invalid" in line.lower()] or lines[-1:] or ["Invalid configuration"]
    return wrong[0].removeprefix("This GitLab CI configuration is invalid: ").removesuffix(".")


def _listed(job: Mapping[str, Any], document: Mapping[str, Any]) -> ListedJob:
    written = document[base_name(job["name"], document)]
    manual = job["when"] == "manual" and "allow_failure" not in written
    return ListedJob(
        name=job["name"],
        stage=job["stage"],
        when=job["when"],
        # A manual job that does not set it does not block the pipeline: https://docs.gitlab.com/ci/yaml/#allow_failure
        allow_failure=manual or job["allow_failure"] is not False,
        timeout=seconds_of(written.get("timeout")),
        bridge="trigger" in written,
    )


def _pipeline_name(document: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    name = str((document.get("workflow") or {}).get("name") or "")
    return re.sub(
        r"\$(?:\{(\w+)\}|(\w+))", lambda match: variables.get(match[1] or match[2], ""), name
    ).strip()
