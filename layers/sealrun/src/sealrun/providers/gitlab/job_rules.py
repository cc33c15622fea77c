"""Which jobs of a ``.gitlab-ci.yml`` run when a call starts it at a tag, and which need not succeed. Pure.

What only GitLab can tell (variables in rules, included files, protected environments) is not judged here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sealrun.providers.pipeline import mapping

# A start by API at a tag sets neither of these, so a rule that needs one of them never holds.
_NEVER_SET = re.compile(
    r"""\$CI_COMMIT_BRANCH\b\s*(?:$|==(?!\s*null)|=~|&&)|\$CI_MERGE_REQUEST_\w+\s*(?:$|==(?!\s*null)|=~|&&)
    |\$CI_PIPELINE_SOURCE\s*==\s*["'](?!api["']|trigger["'])""",
    re.VERBOSE,
)
# The words of ``only`` that hold for such a start: https://docs.gitlab.com/ci/yaml/deprecated_keywords/
_ONLY = ("tags", "api", "triggers")
SHORT_EXPIRY_SECONDS = 3600
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2_592_000}


def pipeline_troubles(workflow: Mapping[str, Any], jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps a call from getting what it pays for: "what is; what to do"."""
    if _never(workflow.get("rules")):
        trouble = "workflow: its rules let no pipeline through that is started by API at a tag"
        yield f"{trouble}; add - if: $CI_COMMIT_TAG"
    for name, job in jobs.items():
        yield from (f"{name}: {trouble}" for trouble in _job_troubles(job))


def _job_troubles(job: Mapping[str, Any]) -> Iterator[str]:
    when = _when(job)
    if when == "manual" and job.get("allow_failure") is False:
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
    when = _when(job)
    if when == "manual":
        return "is manual"
    if job.get("allow_failure") not in (None, False):
        return "is allowed to fail"
    if when == "on_failure":
        return "runs only after a failure"
    if _never(job.get("rules")) or _left_out(job.get("only")):
        return "does not run when a call starts the pipeline"
    return ""


def seconds(duration: str) -> float:
    """GitLab's words for a time, such as ``3h 30m`` or ``90 seconds``."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]?)([a-z]*)", duration.lower())
    months = 30 * 86400
    return sum(
        float(n) * (months if (u + r).startswith("mo") else _UNITS.get(u or "s", 1)) for n, u, r in parts
    )


def _when(job: Mapping[str, Any]) -> str:
    """``when`` of the job, or of its rules where they leave it no other."""
    rules = [each for each in job.get("rules") or [] if isinstance(each, dict)]
    whens = {str(each.get("when") or job.get("when") or "on_success") for each in rules if not _fails(each)}
    if len(whens) == 1:
        return whens.pop()
    return str(job.get("when") or "on_success")


def _never(rules: Any) -> bool:
    """True if there are rules, and none of them can hold for a start by API at a tag."""
    if not isinstance(rules, Sequence) or isinstance(rules, str) or not rules:
        return False
    return all(isinstance(each, dict) and _fails(each) for each in rules)


def _fails(rule: Mapping[str, Any]) -> bool:
    """True if the rule cannot let anything through; one with ``||`` is left to GitLab."""
    condition = str(rule.get("if") or "").strip()
    return rule.get("when") == "never" or ("||" not in condition and bool(_NEVER_SET.search(condition)))


def _left_out(only: Any) -> bool:
    named = only if isinstance(only, list) else mapping(only).get("refs")
    listed = [str(each) for each in named or []] if isinstance(named, list) else []
    plain = all(re.fullmatch(r"[a-z_]+", each) for each in listed)
    return bool(listed) and plain and not any(each in _ONLY for each in listed)
