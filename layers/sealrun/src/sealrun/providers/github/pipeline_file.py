"""What a workflow's file declares, and what makes its runs unfit to be sold (R5). Pure.

Only this one file is read. What it uses is named, so that somebody can look at it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sealrun.errors import Malformed
from sealrun.providers.github.last_job import is_last_job, last_job_troubles, needs
from sealrun.providers.pipeline import Declared, Pipeline, Uncertain, is_digest, mapping, options, waiting_for
from sealrun.runs.judge import CALL_INPUT

# A condition of a job that is true of what a call starts.
_SURE = re.compile(
    r"(?i:true|always\(\)|success\(\)|! *(cancelled|failure)\(\)"
    r"|github\.ref_type *== *'tag'"
    r"|github\.event_name *(== *'workflow_dispatch'|!= *'(?!workflow_dispatch')\w+'))"
)
# One that is true of what a call starts in this project, of this owner, or at a tag that begins so.
_SOURCE = re.compile(
    r"(?i)github\.repository(?:_owner)? *== *'([\w./-]+)'"
    r"|startsWith\( *github\.ref *, *'(refs/tags/[^']*)' *\)"
)
# In the condition of a job: it is not skipped where one that it needs is.
_GOES_ON = re.compile(r"(?i)\b(?:always|cancelled|failure)\(")
_INPUT_NAMES = ("default", "description", "options", "required", "type", "deprecationMessage")


def read_pipeline(documents: Sequence[Mapping[str, Any]]) -> Pipeline:
    """Read the workflow, which is one YAML document.

    Raises:
        Malformed: it cannot be started by API.
    """
    document = documents[0]
    # YAML 1.1 reads the bare word `on` as true.
    events = document.get("on", document.get(True))  # type: ignore[call-overload]
    if isinstance(events, str) or (isinstance(events, list) and "workflow_dispatch" in events):
        events = {"workflow_dispatch": {}} if "workflow_dispatch" in events else {}
    events = mapping(events)
    if "workflow_dispatch" not in events:
        raise Malformed("workflow: expected the event workflow_dispatch under `on:`, got none")
    declared = mapping(mapping(events["workflow_dispatch"]).get("inputs"))
    jobs = {str(name): mapping(job) for name, job in mapping(document.get("jobs")).items()}
    return Pipeline(
        inputs={str(name): _input(str(name), each) for name, each in declared.items()},
        name=str(document.get("run-name") or ""),
        includes=tuple(dict.fromkeys(_uses(jobs))),
        jobs=tuple(_name(name, job) for name, job in jobs.items()),
        spread=dict(_spread(jobs)),
        unread=tuple(str(job["uses"]) for job in jobs.values() if _is_own(job)),
        shown=tuple(_shown(jobs, mapping(document.get("env")))),
        handed=tuple(_handed(jobs)),
        uncertain=tuple(_uncertain(jobs)),
        troubles=tuple(_troubles(jobs)),
        with_token=tuple(name for name, job in jobs.items() if _may_ask_for_token(document, job)),
        last_job=any(map(is_last_job, jobs.values())),
        last_job_troubles=tuple(last_job_troubles(jobs)),
        cancels_itself=any(_may_cancel(each.get("concurrency")) for each in (document, *jobs.values())),
        timeouts={
            str(name): f"{job['timeout-minutes']} minutes"
            for name, job in jobs.items()
            if "timeout-minutes" in job
        },
    )


def _uncertain(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[Uncertain]:
    """Jobs that may not succeed, or a step of which may not, in a run that GitHub calls a success (R8)."""
    skipped = {
        name: str(job["if"]) for name, job in jobs.items() if "if" in job and not _holds(str(job["if"]))
    }
    for name, job in jobs.items():
        shown = _name(name, job)
        if job.get("continue-on-error") not in (None, False):
            yield Uncertain(shown, "is allowed to fail (continue-on-error)")
        elif any(step.get("continue-on-error") not in (None, False) for step in _steps(job)):
            yield Uncertain(shown, "has a step whose failure is not its own (continue-on-error)")
        elif name in skipped:
            yield Uncertain(shown, f"runs only if {skipped[name][:60]}", _beginnings(skipped[name]))
    for name, other in waiting_for(skipped, {name: needs(job) for name, job in jobs.items()}):
        if not _GOES_ON.search(str(jobs[name].get("if"))):
            why = f"needs {_name(other, jobs[other])}, which runs only if {skipped[other][:60]}"
            yield Uncertain(_name(name, jobs[name]), why, _beginnings(skipped[other]))


def _steps(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Nothing where they are no list, which GitHub refuses."""
    listed = job.get("steps")
    return list(map(mapping, listed)) if isinstance(listed, list) else []


def _name(name: str, job: Mapping[str, Any]) -> str:
    """As GitHub shows it."""
    return str(job.get("name") or name)


def _beginnings(condition: str) -> tuple[str, ...]:
    """How project or ref must begin for it to hold in every call's run; nothing where that is not enough."""
    found = [f"{project}/" if project else ref for project, ref in _SOURCE.findall(condition)]
    return tuple(found) if _holds(_SOURCE.sub("true", condition)) else ()


def _holds(condition: str) -> bool:
    """True if it holds in every run that a call starts, unless the run is canceled or has failed.

    https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#status-check-functions
    """
    text = re.sub(r"\s*\$\{\{(.*)\}\}\s*", r"\1", condition, flags=re.DOTALL)
    if re.search(r"\((?!\))", text):  # what stands in parentheses is not judged
        return False
    either = (each.split("&&") for each in text.split("||"))
    return any(all(_SURE.fullmatch(part.strip()) for part in both) for both in either)


def _troubles(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What no run can be sold with, as a job that waits for a person: the whole run waits for it."""
    for name, job in jobs.items():
        if "uses" in job and not _is_own(job) and not is_last_job(job):
            yield f"{name}: calls another workflow; put its jobs into this one"
        if not isinstance(job.get("steps", []), list):
            yield f"{name}: expected a list of steps; correct it"
        if "environment" in job:
            yield f"{name}: deploys to an environment, which may wait for an approval; take `environment` out"


def _may_ask_for_token(document: Mapping[str, Any], job: Mapping[str, Any]) -> bool:
    """A job's own permissions stand in the place of the workflow's. What it asks for is not seen here."""
    given = job.get("permissions", document.get("permissions"))
    return given == "write-all" or mapping(given).get("id-token") == "write"


def _spread(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Jobs of a matrix or of another file, and those whose name is an expression."""
    for name, job in jobs.items():
        shown = _name(name, job)
        parts = re.split(r"\$\{\{.*?\}\}", shown)
        pattern = ".*".join(map(re.escape, parts))
        if "uses" in job:
            yield shown, rf"{pattern}( \(.*\))? / .*"
        elif mapping(job.get("strategy")).get("matrix"):
            yield shown, rf"{pattern} \(.*\)" if len(parts) == 1 else rf"{pattern}( \(.*\))?"
        elif len(parts) > 1:
            yield shown, pattern


def _shown(jobs: Mapping[str, Mapping[str, Any]], env: Mapping[str, Any]) -> Iterator[str]:
    """The values of matrices, in which names of jobs end, and the names of archives with their variables.

    A file that is left as it is (``archive: false``) has its own name.
    """
    for name, job in jobs.items():
        if matrix := mapping(job.get("strategy")).get("matrix"):
            yield f"{name}: {matrix}"
        for step in _steps(job):
            if "/upload-artifact" in str(step.get("uses")):
                given = mapping(step.get("with"))
                values = {**env, **mapping(job.get("env")), **mapping(step.get("env"))}
                yield _with_variables(str(given.get("name")), values)
                yield str(given.get("path")) if "archive" in given else ""


def _with_variables(name: str, values: Mapping[str, Any]) -> str:
    """The name, and what each variable in it stands for."""
    used = [each for each in values if re.search(rf"\benv\b\W+{re.escape(str(each))}\b", name)]
    return "; ".join([name, *(f"{each}: {values[each]}" for each in used)])


def _is_own(user: Mapping[str, Any]) -> bool:
    """Whether a job or a step uses a workflow or an action of the repository itself."""
    return str(user.get("uses") or "").startswith("./")


def _handed(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Workflows and actions of the repository, and what each is handed."""
    for job in jobs.values():
        for each in (job, *_steps(job)):
            if _is_own(each):
                yield str(each["uses"]), str(each.get("with"))


def _may_cancel(concurrency: Any) -> bool:
    """A group that several runs share: of those that wait in it GitHub keeps the newest only.

    https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
    """
    given = mapping(concurrency)
    if given.get("queue") == "max" and given.get("cancel-in-progress") in (None, False):
        return False  # a hundred may wait
    group = str(given.get("group") if given else concurrency or "")
    return bool(group) and not any(map(_of_one_run, re.findall(r"\$\{\{(.*?)\}\}", group, re.DOTALL)))


def _of_one_run(expression: str) -> bool:
    """True if no other run has this value. What only pull requests have is empty: after it ``||`` goes on."""
    value = re.sub(r"\s*github\.(head_ref|event\.pull_request[.\w]*|event\.number)\s*\|\|", "", expression)
    named = re.search(rf"\bgithub\.run_id\b|\binputs\.{CALL_INPUT}\b", value)
    return bool(named) and not re.search(r"\|\||&&|[=!<>]", value)


def _input(name: str, value: Any) -> Declared:
    declared = mapping(value)
    return Declared(
        name=name,
        kind=str(declared.get("type", "string")),
        required=declared.get("required") is True,
        options=options(declared),
        description=str(declared.get("description") or ""),
        default=declared.get("default"),
        unknown=tuple(str(each) for each in declared if each not in _INPUT_NAMES),
    )


def _uses(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The actions of all steps; one is pinned by a commit's digest only."""
    for job in jobs.values():
        named = [job, *_steps(job)]
        for name in (str(each["uses"]) for each in named if "uses" in each):
            if name.startswith("./"):
                yield f"local:{name}"
            else:
                yield f"pinned:{name}" if is_digest(name.rpartition("@")[2]) else f"action:{name}"
