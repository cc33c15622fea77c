"""What ``.gitlab-ci.yml`` declares, and what makes its runs unfit to be sold (R5). Pure.

Only this one file is read. What it includes is named, so that somebody can look at it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sealrun.providers.gitlab.job_rules import LEFT_OUT, MAY_FAIL, outcomes, pipeline_troubles, why_uncertain
from sealrun.providers.gitlab.last_job import (
    has_last_job,
    last_job_troubles,
    own_runner_troubles,
    starts_last_job,
)
from sealrun.providers.pipeline import (
    Declared,
    Pipeline,
    Uncertain,
    is_digest,
    listed,
    mapping,
    options,
    waiting_for,
)
from sealrun.runs.judge import CALL_INPUT

TOKEN_VARIABLE = "SEALRUN_ID_TOKEN"  # noqa: S105  the variable's name, not a token
AUDIENCE = "urn:sealrun:call:$[[ inputs.sealrun_call ]]"
_AUDIENCE = (
    r"(urn:sealrun:call:|https://.+/calls/)"
    r"(\$\[\[ *inputs\.sealrun_call *\]\]|\$sealrun_call|\$\{sealrun_call\})"
)
# Variables that steer the runner, git or the shell: a buyer's value in one of them is no input of a job.
_STEERING = re.compile(
    r"(CI|GITLAB|GIT|FF|RUNNER|DOCKER|KUBERNETES|LD|BASH|PYTHON|NODE|SECURE|CACHE|ARTIFACT)_.*|PATH|ENV|HOME|IFS|CI"
)
# Variables whose values differ between a tag and the default branch, as GitLab writes and takes them, and
# inputs, whose values differ between calls.
_OF_THE_RUN = re.compile(r"[$%]\{?CI_(?:BUILD|COMMIT|PIPELINE)_|\$\[\[")
# Members of an input that change nothing about what it takes.
_INPUT_NAMES = ("default", "description", "options", "regex", "type")


def read_pipeline(documents: Sequence[Mapping[str, Any]]) -> Pipeline:
    """Read the YAML documents of the file: a header with ``spec``, where there is one, and the body."""
    header = documents[0].get("spec") if "spec" in documents[0] else None
    body = documents[-1] if header is None or len(documents) > 1 else {}
    declared = (header or {}).get("inputs") if isinstance(header, dict) else None
    workflow = mapping(body.get("workflow"))
    cancels = list(_cancels(workflow))
    jobs = _jobs(body)
    includes = tuple(_includes(body.get("include")))
    return Pipeline(
        inputs={name: _input(str(name), each) for name, each in mapping(declared).items()},
        name=str(workflow.get("name") or ""),
        includes=includes,
        troubles=(*_troubles(jobs, cancels), *pipeline_troubles(workflow, jobs)),
        jobs=tuple(jobs),
        spread=dict(_spread(jobs)),
        more_jobs=bool(includes),
        shown=tuple(_shown(body)),
        handed=tuple(_handed(body.get("include"))),
        by_run=tuple(_by_run(body.get("include"))),
        uncertain=tuple(_uncertain(jobs)),
        cancels_itself=any(each.get("on_new_commit") != "none" for each in cancels),
        timeouts={name: str(job["timeout"]) for name, job in jobs.items() if "timeout" in job},
        with_token=tuple(name for name, job in jobs.items() if _asks_for_token(job)),
        last_job=has_last_job(jobs),
        last_job_troubles=tuple(last_job_troubles(jobs)),
        own_runners=tuple(own_runner_troubles(jobs)),
    )


def _uncertain(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[Uncertain]:
    """Jobs that may not succeed in a run that GitLab calls a success, or that wait for one of these (R8)."""
    whys = {name: why_uncertain(job) for name, job in jobs.items()}

    def needs(job: Mapping[str, Any]) -> Iterator[str]:
        for each in listed(job.get("needs")):
            need = mapping(each) or {"job": each}
            name = str(need.get("job"))
            done_without = need.get("optional") is True and whys.get(name) == LEFT_OUT
            if not done_without and not {"project", "pipeline"} & need.keys():
                yield name

    yield from (Uncertain(name, why) for name, why in whys.items() if why)
    gone = [name for name, why in whys.items() if why not in ("", MAY_FAIL)]
    for name, other in waiting_for(gone, {name: [*needs(job)] for name, job in jobs.items()}):
        yield Uncertain(name, f"needs {other}, which {whys[other]}")


def read_with_variables(documents: Sequence[Mapping[str, Any]]) -> Pipeline:
    """The same of a file whose inputs are variables: those with a description, and the call's.

    GitLab has no patterns for variables; only ``options`` bound them, and those only in its own form.
    """
    pipeline = read_pipeline(documents)
    declared = {
        str(name): each if isinstance(each, dict) else {"value": each}
        for name, each in mapping(documents[-1].get("variables")).items()
    }
    given = {name: each for name, each in declared.items() if "description" in each or name == CALL_INPUT}
    steering = [
        f"{name}: steers the runner, git or the shell; give the variable another name"
        for name in given
        if _STEERING.fullmatch(name)
    ]
    inputs = {name: _variable(name, each) for name, each in given.items()}
    return pipeline._replace(inputs=inputs, troubles=(*pipeline.troubles, *steering))


def _variable(name: str, declared: Mapping[str, Any]) -> Declared:
    value = declared.get("value")
    return Declared(
        name=name,
        kind="string",
        required=value in (None, ""),
        options=options(declared),
        description=str(declared.get("description") or ""),
        default=None if value in (None, "") else str(value),
    )


def with_defaults(header: Mapping[str, Any]) -> dict[str, Any]:
    """The header with a default for each input that has none, so that GitLab judges the file as it stands.

    Not given: defaults of inputs with a regex of their own; GitLab says that they lack one.
    """
    spec = mapping(header.get("spec"))
    declared = {
        name: _with_default_value(str(name), mapping(each))
        for name, each in mapping(spec.get("inputs")).items()
    }
    return {**header, "spec": {**spec, "inputs": declared}}


def _with_default_value(name: str, declared: Mapping[str, Any]) -> Mapping[str, Any]:
    if "default" in declared:
        return declared
    choices = options(declared)
    plain = {"number": 0, "boolean": False}.get(str(declared.get("type", "string")), "x")
    value: Any = "0" * 64 if name == CALL_INPUT else choices[0] if choices else plain
    return declared if "regex" in declared and name != CALL_INPUT else {**declared, "default": value}


def _jobs(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The jobs by name, hidden ones apart, each with what ``default:`` gives to all."""
    given = {name: each for name, each in mapping(body.get("default")).items() if name in _INHERITED}
    named = {str(name): each for name, each in body.items() if isinstance(each, dict)}
    shown = [name for name in named if name not in _KEYWORDS and not name.startswith(".")]
    extended: dict[str, Mapping[str, Any]] = {}
    return {name: _with_default(_extended(name, named, extended), given) for name in shown}


def _extended(
    name: str, named: Mapping[str, Mapping[str, Any]], extended: dict[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The job with what it extends, as far as this file has it: https://docs.gitlab.com/ci/yaml/#extends.

    Args:
        name: the job's.
        named: all jobs of the file, hidden ones too.
        extended: those that were merged before, to which this one is added.
    """
    if name not in extended:
        job = extended[name] = named.get(name, {})  # a job that extends itself ends here; GitLab refuses it
        whole: Mapping[str, Any] = {}
        for base in map(str, listed(job.get("extends"))):
            whole = _merged(whole, _extended(base, named, extended))
        extended[name] = _merged(whole, job)
    return extended[name]


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Mappings are merged, all else is replaced by the job's own."""
    both = {
        name: _merged(each, own[name])
        for name, each in base.items()
        if isinstance(each, dict) and isinstance(own.get(name), dict)
    }
    return {**base, **own, **both}


def _with_default(job: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """https://docs.gitlab.com/ci/yaml/#inheritdefault: true, false, or the names that are taken.

    A name whose value is null counts as left out: so does a job decline what it extends.
    """
    taken = mapping(job.get("inherit")).get("default", True)
    names = taken if isinstance(taken, list) else given if taken else ()
    own = {name: each for name, each in job.items() if each is not None}
    return {**{name: each for name, each in given.items() if name in names}, **own}


def _shown(body: Mapping[str, Any]) -> Iterator[str]:
    """Stages, and the values of matrices, in which names of jobs end; hidden jobs hand theirs on."""
    for name, job in body.items():
        if name in _KEYWORDS or not isinstance(job, dict):
            continue
        if matrix := mapping(job.get("parallel")).get("matrix"):
            yield f"{name}: {matrix}"
        yield str(job.get("stage"))


def _asks_for_token(job: Mapping[str, Any]) -> bool:
    aud = mapping(mapping(job.get("id_tokens")).get(TOKEN_VARIABLE)).get("aud")
    return isinstance(aud, str) and bool(re.fullmatch(_AUDIENCE, aud))


# https://docs.gitlab.com/ci/yaml/#default: keywords of ``default`` that say something here
_INHERITED = ("artifacts", "id_tokens", "retry", "tags", "timeout")
# Top-level keywords that are mappings and no jobs: https://docs.gitlab.com/ci/yaml/#global-keywords
_KEYWORDS = ("default", "workflow", "variables", "spec", "image", "cache", "include", "stages", "services")


def _input(name: str, value: Any) -> Declared:
    declared = mapping(value)
    return Declared(
        name=name,
        kind=str(declared.get("type", "string")),
        required="default" not in declared,
        options=options(declared),
        regex=str(declared.get("regex") or ""),
        description=str(declared.get("description") or ""),
        default=declared.get("default"),
        unknown=tuple(str(each) for each in declared if each not in _INPUT_NAMES),
    )


def _cancels(workflow: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What may count: a rule's own stands before the workflow's. /ci/yaml/#workflowrulesauto_cancel."""
    given = mapping(workflow.get("auto_cancel"))
    yield from ({**given, **mapping(each.rule.get("auto_cancel"))} for each in outcomes(workflow))


def _spread(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Jobs that run several times, or are named by an input: https://docs.gitlab.com/ci/yaml/#parallel."""
    for name, job in jobs.items():
        parts = re.split(r"\$\[\[.*?\]\]", name)
        pattern = ".*".join(map(re.escape, parts))
        parallel = job.get("parallel")
        if mapping(parallel).get("matrix"):
            yield name, rf"{pattern}: \[.*\]"
        elif parallel:
            yield name, rf"{pattern} [0-9]+/{parallel if isinstance(parallel, int) else '[0-9]+'}"
        elif len(parts) > 1:
            yield name, pattern


def _troubles(jobs: Mapping[str, Any], cancels: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What R5 refuses: other pipelines, mirrors of them, retried jobs, a failing job that cancels others."""
    for name, job in jobs.items():
        if "trigger" in job and not starts_last_job(name, job):
            yield f"{name}: starts another pipeline, whose file the offer does not pin; take the trigger out"
        # https://docs.gitlab.com/ci/yaml/#needspipeline: GitLab lists it as a trigger that started nothing.
        if any("pipeline" in each and "job" not in each for each in map(mapping, listed(job.get("needs")))):
            yield f"{name}: mirrors another pipeline, whose jobs are not judged; take it out"
        retry = job.get("retry")
        if (retry.get("max") if isinstance(retry, dict) else retry) not in (None, 0):
            yield f"{name}: is retried, but only first attempts count; take the retry out"
    if any(each.get("on_job_failure") not in (None, "none") for each in cancels):
        yield "workflow: auto_cancel on_job_failure: expected none, got another"


def _includes(value: Any) -> Iterator[str]:
    """Each include in the words of ``Configuration``: ``local:`` and ``pinned:`` are pinned, others not."""
    for each in listed(value):
        yield from _include({"local": each} if _is_path(each) else {"remote": each} if _text(each) else each)


def _handed(value: Any) -> Iterator[tuple[str, str]]:
    """Each include that takes inputs, and what it is handed."""
    for each in listed(value):
        if "inputs" in mapping(each):
            yield from ((name, str(each["inputs"])) for name in _include(each))


def _by_run(value: Any) -> Iterator[str]:
    """Each include that has rules, or is named by the run: https://docs.gitlab.com/ci/yaml/includes."""
    for each in listed(value):
        for name in _includes(each):
            if "rules" in mapping(each) or _OF_THE_RUN.search(name):
                yield name


def _include(value: Any) -> Iterator[str]:
    include = mapping(value)
    if "local" in include:
        yield f"local:{include['local']}"
    elif "component" in include:
        name = str(include["component"])
        yield f"pinned:{name}" if is_digest(name.rpartition("@")[2]) else f"component:{name}"
    elif "project" in include:
        ref = str(include.get("ref") or "HEAD")
        files = include.get("file")
        for file in files if isinstance(files, list) else [files]:
            named = f"{include['project']}@{ref}:{file}"
            yield f"pinned:{named}" if is_digest(ref) else f"project:{named}"
    elif "remote" in include:
        integrity = include.get("integrity")
        yield f"pinned:{include['remote']}#{integrity}" if integrity else f"remote:{include['remote']}"
    elif "template" in include:
        yield f"template:{include['template']}"
    else:
        yield "unknown:" + ",".join(sorted(str(name) for name in include))


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and not value.startswith(("http://", "https://"))
