"""What a pipeline's own file declares, for GitLab and GitHub: its inputs, its name, and what R5 refuses.

Only this one file is read. What it includes is named, so that somebody can look at it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sealrun.runs.judge import CALL_INPUT
from sealrun_cli.lib.errors import CliError

MAX_FILE_BYTES = 1 << 20
TOKEN_VARIABLE = "SEALRUN_ID_TOKEN"  # noqa: S105  the variable's name, not a token
AUDIENCE = "urn:sealrun:call:$[[ inputs.sealrun_call ]]"
_AUDIENCE = r"(urn:sealrun:call:|https://.+/calls/)\$\[\[ *inputs\.sealrun_call *\]\]"
_SHA_LENGTHS = (40, 64)
# Members of an input that change nothing about what it takes.
_GITLAB_NAMES = ("default", "description", "options", "regex", "type")
_GITHUB_NAMES = ("default", "description", "options", "required", "type", "deprecationMessage")


@dataclass(frozen=True)
class Declared:
    """One input as the pipeline declares it, in its provider's own words."""

    name: str
    kind: str  # string, number, boolean, choice, array, environment
    required: bool
    options: tuple[str, ...] = ()
    regex: str = ""
    description: str = ""
    unknown: tuple[str, ...] = ()  # members that this command does not know


@dataclass(frozen=True)
class Pipeline:
    """What one configuration file says."""

    inputs: Mapping[str, Declared]
    name: str  # workflow:name, or GitHub's run-name
    includes: tuple[str, ...]  # as ``sealrun.offers.source.Configuration`` writes them
    troubles: tuple[str, ...] = ()  # what makes its runs unfit to be sold (R5)
    cancels_itself: bool = False  # a newer commit may cancel a run
    timeouts: Mapping[str, str] = field(default_factory=dict)
    with_token: tuple[str, ...] = ()  # jobs whose CI token is made out to the call


class _Loader(yaml.SafeLoader):
    """Safe YAML that keeps GitLab's own tags, such as ``!reference``, as plain values."""


def _tagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _tagged)


def read_pipeline(provider: str, text: bytes) -> Pipeline:
    """Read the file.

    Raises:
        CliError: it is too large, no YAML, or not of the provider's form.
    """
    if len(text) > MAX_FILE_BYTES:
        raise CliError("pipeline", f"pipeline: expected at most {MAX_FILE_BYTES} bytes, got {len(text)}")
    try:
        documents = [each for each in yaml.load_all(text, Loader=_Loader) if each is not None]
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark, words = getattr(error, "problem_mark", None), str(error).splitlines()[0]
        said = f"{getattr(error, 'problem', None) or words}{f', line {mark.line + 1}' if mark else ''}"
        raise CliError("pipeline", f"pipeline: expected YAML, got {said}", "repair the file") from error
    if not documents or not all(isinstance(each, dict) for each in documents):
        raise CliError("pipeline", "pipeline: expected a YAML mapping, got something else", "repair the file")
    return _gitlab(documents) if provider == "gitlab" else _github(documents[0])


def _gitlab(documents: list[dict[str, Any]]) -> Pipeline:
    header = documents[0].get("spec") if "spec" in documents[0] else None
    body = documents[-1] if header is None or len(documents) > 1 else {}
    declared = (header or {}).get("inputs") if isinstance(header, dict) else None
    workflow = _mapping(body.get("workflow"))
    cancel = _mapping(workflow.get("auto_cancel"))
    jobs = {name: each for name, each in body.items() if isinstance(each, dict) and name not in _KEYWORDS}
    return Pipeline(
        inputs={name: _gitlab_input(str(name), each) for name, each in _mapping(declared).items()},
        name=str(workflow.get("name") or ""),
        includes=tuple(_includes(body.get("include"))),
        troubles=tuple(_troubles(jobs, cancel)),
        cancels_itself=cancel.get("on_new_commit") != "none",
        timeouts={name: str(job["timeout"]) for name, job in jobs.items() if "timeout" in job},
        with_token=tuple(name for name, job in jobs.items() if _asks_for_token(job)),
    )


def _asks_for_token(job: Mapping[str, Any]) -> bool:
    aud = _mapping(_mapping(job.get("id_tokens")).get(TOKEN_VARIABLE)).get("aud")
    return isinstance(aud, str) and bool(re.fullmatch(_AUDIENCE, aud))


# Top-level keywords that are mappings and no jobs: https://docs.gitlab.com/ci/yaml/#global-keywords
_KEYWORDS = ("default", "workflow", "variables", "spec", "image", "cache", "include", "stages")


def _gitlab_input(name: str, value: Any) -> Declared:
    found = _mapping(value)
    return Declared(
        name=name,
        kind=str(found.get("type", "string")),
        required="default" not in found,
        options=_options(found),
        regex=str(found.get("regex") or ""),
        description=str(found.get("description") or ""),
        unknown=tuple(str(each) for each in found if each not in _GITLAB_NAMES),
    )


def _troubles(jobs: Mapping[str, Any], cancel: Mapping[str, Any]) -> Iterator[str]:
    """What R5 refuses: child and downstream pipelines, retried jobs, a failing job that cancels others."""
    for name, job in jobs.items():
        if "trigger" in job:
            yield f"{name}: starts another pipeline, which no receipt covers; take the trigger out (R5)"
        if job.get("retry") not in (None, 0):
            yield f"{name}: is retried, but only first attempts count; take the retry out (R5)"
    if cancel.get("on_job_failure") not in (None, "none"):
        yield "workflow: auto_cancel on_job_failure: expected none, got another (R5)"


def _includes(value: Any) -> Iterator[str]:
    """Each include in the words of ``Configuration``: ``local:`` and ``pinned:`` are pinned, others not."""
    for each in value if isinstance(value, list) else [value] if value else []:
        yield from _include({"local": each} if _is_path(each) else {"remote": each} if _text(each) else each)


def _include(value: Any) -> Iterator[str]:
    found = _mapping(value)
    if "local" in found:
        yield f"local:{found['local']}"
    elif "component" in found:
        name = str(found["component"])
        yield f"pinned:{name}" if _is_digest(name.rpartition("@")[2]) else f"component:{name}"
    elif "project" in found:
        ref = str(found.get("ref") or "HEAD")
        files = found.get("file")
        for file in files if isinstance(files, list) else [files]:
            named = f"{found['project']}@{ref}:{file}"
            yield f"pinned:{named}" if _is_digest(ref) else f"project:{named}"
    elif "remote" in found:
        integrity = found.get("integrity")
        yield f"pinned:{found['remote']}#{integrity}" if integrity else f"remote:{found['remote']}"
    elif "template" in found:
        yield f"template:{found['template']}"
    else:
        yield "unknown:" + ",".join(sorted(str(name) for name in found))


def _github(document: dict[str, Any]) -> Pipeline:
    # YAML 1.1 reads the bare word `on` as true.
    events = document.get("on", document.get(True))  # type: ignore[call-overload]
    if isinstance(events, str) or (isinstance(events, list) and "workflow_dispatch" in events):
        events = {"workflow_dispatch": {}} if "workflow_dispatch" in events else {}
    events = _mapping(events)
    if "workflow_dispatch" not in events:
        raise CliError(
            "pipeline",
            "workflow: expected the event workflow_dispatch under `on:`, got none",
            "add `on: {workflow_dispatch: {inputs: ...}}` to the workflow",
        )
    declared = _mapping(_mapping(events["workflow_dispatch"]).get("inputs"))
    jobs = {name: _mapping(job) for name, job in _mapping(document.get("jobs")).items()}
    return Pipeline(
        inputs={str(name): _github_input(str(name), each) for name, each in declared.items()},
        name=str(document.get("run-name") or ""),
        includes=tuple(dict.fromkeys(_uses(jobs))),
        troubles=tuple(
            f"{name}: calls another workflow; put its jobs into this one (R5)"
            for name, job in jobs.items()
            if "uses" in job and not str(job["uses"]).startswith("./")
        ),
        cancels_itself=any(_may_cancel(each.get("concurrency")) for each in (document, *jobs.values())),
        timeouts={
            str(name): f"{job['timeout-minutes']} minutes"
            for name, job in jobs.items()
            if "timeout-minutes" in job
        },
    )


def _may_cancel(concurrency: Any) -> bool:
    """A group that several runs share: of those that wait in it GitHub keeps the newest only.

    https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
    """
    group = str(concurrency.get("group") if isinstance(concurrency, dict) else concurrency or "")
    return bool(group) and not any(name in group for name in ("github.run_id", f"inputs.{CALL_INPUT}"))


def _github_input(name: str, value: Any) -> Declared:
    found = _mapping(value)
    return Declared(
        name=name,
        kind=str(found.get("type", "string")),
        required=found.get("required") is True,
        options=_options(found),
        description=str(found.get("description") or ""),
        unknown=tuple(str(each) for each in found if each not in _GITHUB_NAMES),
    )


def _uses(jobs: Mapping[str, Any]) -> Iterator[str]:
    """The actions of all steps; one is pinned by a commit's digest only."""
    for job in jobs.values():
        named = [_mapping(job), *map(_mapping, _mapping(job).get("steps") or [])]
        for name in (str(each["uses"]) for each in named if "uses" in each):
            if name.startswith("./"):
                yield f"local:{name}"
            else:
                yield f"pinned:{name}" if _is_digest(name.rpartition("@")[2]) else f"action:{name}"


def _options(found: Mapping[str, Any]) -> tuple[str, ...]:
    options = found.get("options")
    return tuple(str(each) for each in options) if isinstance(options, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and not value.startswith(("http://", "https://"))


def _is_digest(text: str) -> bool:
    return len(text) in _SHA_LENGTHS and all(each in "0123456789abcdef" for each in text)
