"""Which jobs of a ``.gitlab-ci.yml`` run when a call starts it at a tag, and which need not succeed. Pure.

What only GitLab can tell (variables in rules, included files, protected environments) is not judged here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sealrun.providers.gitlab.conditions import SOURCES, holds
from sealrun.providers.pipeline import mapping

# The words of ``only`` that hold for such a start: https://docs.gitlab.com/ci/yaml/deprecated_keywords/
_ONLY = ("tags", "api", "triggers")
SHORT_EXPIRY_SECONDS = 3600
# Why a job need not succeed, where others may go on without it.
MAY_FAIL, LEFT_OUT = "is allowed to fail", "does not run when a call starts the pipeline"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31_536_000}


class Outcome(NamedTuple):
    """What rules may come to: when the job runs, whether it may fail, and which rule says so."""

    when: str
    may_fail: bool
    rule: Mapping[str, Any]


def pipeline_troubles(workflow: Mapping[str, Any], jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps a call from getting what it pays for: "what is; what to do"."""
    if not outcomes(workflow):
        trouble = "workflow: its rules let no pipeline through that is started by API at a tag"
        yield f"{trouble}; add - if: $CI_COMMIT_TAG"
    for name, job in jobs.items():
        yield from (f"{name}: {trouble}" for trouble in _job_troubles(job))


def _job_troubles(job: Mapping[str, Any]) -> Iterator[str]:
    when, may_fail = _told(job)
    if when == "manual" and not may_fail:
        yield "waits for a person, and the run with it; take `when: manual` out"
    if when == "delayed":
        yield "starts only after a delay; take `when: delayed` out"
    artifacts = mapping(job.get("artifacts"))
    if artifacts.get("access") == "none":
        yield "keeps its artifacts from everybody, the token included; take `artifacts: access: none` out"
    expiry = str(artifacts.get("expire_in") or "")
    if expiry and expiry != "never" and seconds(expiry) < SHORT_EXPIRY_SECONDS:
        yield f"its artifacts expire after {expiry[:40]}, which may be before they are read; write 1 day"
    if "environment" in job:
        yield "deploys to an environment, which may wait for an approval; take `environment` out"


def why_uncertain(job: Mapping[str, Any]) -> str:
    """Why the job may not succeed in a run that GitLab calls a success (R8); empty if it must."""
    when, may_fail = _told(job)
    if when == "manual":
        return "is manual"
    if may_fail:
        return MAY_FAIL
    if when == "on_failure":
        return "runs only after a failure"
    if not outcomes(job) or _left_out(job.get("only")) or _kept_out(job.get("except")):
        return LEFT_OUT
    return ""


def outcomes(job: Mapping[str, Any]) -> list[Outcome]:
    """What the rules of a job, or of a workflow, may come to; nothing where it never runs.

    The first rule that holds counts: https://docs.gitlab.com/ci/jobs/job_rules/. Whether files exist or
    changed is left to GitLab.
    """
    when, may_fail = str(job.get("when") or "on_success"), job.get("allow_failure")
    if not job.get("rules"):
        # Without rules a manual job holds up no other, with them it does: /ci/yaml/#allow_failure
        return [Outcome(when, (when == "manual") if may_fail is None else may_fail is not False, {})]
    found = []
    for source in SOURCES:
        for rule in _flat(job["rules"]):
            held = holds(str(rule["if"]), source) if "if" in rule else True
            if held is False:
                continue
            its = str(rule.get("when") or when)
            own = rule.get("allow_failure", may_fail)
            if its != "never":
                fails = when == "manual" if own is None else own is not False
                found.append(Outcome(its, fails, rule))
            if held and not {"exists", "changes"} & rule.keys() and rule:
                break
    return found


def _flat(rules: Any) -> Iterator[Mapping[str, Any]]:
    """The rules, also those in lists within; what is no rule may be any, and is empty."""
    for rule in rules if isinstance(rules, list) else [rules]:
        if isinstance(rule, list):
            yield from _flat(rule)
        else:
            yield mapping(rule)


def _told(job: Mapping[str, Any]) -> tuple[str, bool]:
    """When the job runs and whether it may fail, as far as its rules leave it no other."""
    found = outcomes(job)
    whens = {each.when for each in found}
    when = whens.pop() if len(whens) == 1 else str(job.get("when") or "on_success")
    return when, bool(found) and all(each.may_fail for each in found)


def seconds(duration: str) -> float:
    """GitLab's words for a time, such as ``3h 30m`` or ``90 seconds``."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]?)([a-z]*)", duration.lower())
    months = 30 * 86400
    return sum(
        float(n) * (months if (u + r).startswith("mo") else _UNITS.get(u or "s", 1)) for n, u, r in parts
    )


def _left_out(only: Any) -> bool:
    """``only`` wants one of its refs and one of its variables."""
    listed, conditions = _refs(only), _listed(mapping(only).get("variables"))
    plain = all(re.fullmatch(r"[a-z_]+", each) for each in listed)
    if listed and plain and not any(each in _ONLY for each in listed):
        return True
    return bool(conditions) and all(holds(each, source) is False for each in conditions for source in SOURCES)


def _kept_out(excepted: Any) -> bool:
    """One ref or one variable of ``except`` is enough."""
    listed, conditions = _refs(excepted), _listed(mapping(excepted).get("variables"))
    if "tags" in listed or {"api", "triggers"} <= {*listed}:
        return True
    return all(any(holds(each, source) for each in conditions) for source in SOURCES)


def _refs(policy: Any) -> list[str]:
    """What ``only`` or ``except`` names."""
    return _listed(policy if isinstance(policy, list) else mapping(policy).get("refs"))


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
