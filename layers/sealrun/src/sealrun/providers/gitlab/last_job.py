"""Does a ``.gitlab-ci.yml`` end in the last job, whose CI token says that the call is done? Pure.

The building block ``done.yml`` makes these jobs: one that hashes what all others left and writes the file of
a child pipeline, and one that starts that child. The child's only job has the token. A job of the pipeline
itself can ask for the same audience, but its token does not say ``parent_pipeline``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sealrun.providers.pipeline import mapping

HASHES, STARTS = "sealrun-outputs", "sealrun-last"
STAGE = ".post"  # GitLab runs it last, when every job of all other stages succeeded
_FILE = "sealrun-profile/done.yml"
_PROBE = "sealrun-profile/"  # the probe's folder, whose files are no outputs
_TRIGGER = {"include": [{"artifact": _FILE, "job": HASHES}], "strategy": "depend"}
# What lets a job run although others failed, or without some of them.
_CONDITIONS = ("rules", "only", "except", "when", "allow_failure", "dependencies", "needs")
# Of GitLab's own runners; all of them, and no other's, have tags that begin so.
_HOSTED = "saas-"
ADVICE = "include infra/gitlab-component/templates/done.yml, by a full commit hash"


def has_last_job(jobs: Mapping[str, Mapping[str, Any]]) -> bool:
    """True if the file has one, perhaps with faults."""
    return HASHES in jobs or STARTS in jobs


def starts_last_job(name: str, job: Mapping[str, Any]) -> bool:
    """True for the one child pipeline that an offer pins: its file is written by a job of the pinned file."""
    trigger = mapping(job.get("trigger"))
    shown = {key: each for key, each in trigger.items() if key != "forward"}
    return name == STARTS and shown == _TRIGGER


def last_job_troubles(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps the last job's token from saying that all others are done: "what is; what to do"."""
    for name in (HASHES, STARTS):
        if name not in jobs:
            yield f"expected the job {name}, got none; {ADVICE}"
            return
    yield from _own_troubles(jobs[HASHES], jobs[STARTS])
    outputs = str(mapping(jobs[HASHES].get("variables")).get("SEALRUN_OUTPUTS") or "").rstrip("/")
    for name, job in jobs.items():
        if name not in (HASHES, STARTS):
            yield from (f"{name}: {trouble}" for trouble in _others_troubles(job, outputs))


def _own_troubles(hashes: Mapping[str, Any], starts: Mapping[str, Any]) -> Iterator[str]:
    """The two jobs run behind all others, whatever rules those have, and the second starts the right file."""
    for name, job in ((HASHES, hashes), (STARTS, starts)):
        if job.get("stage") != STAGE:
            yield f"{name}: expected the stage {STAGE}, behind all other jobs, got another; {ADVICE}"
    if given := [each for each in _CONDITIONS if each in hashes]:
        yield f"{HASHES}: expected it to wait for all other jobs, got {', '.join(given)}; {ADVICE}"
    if not starts_last_job(STARTS, starts) or _needed(starts) != [HASHES]:
        yield f"{STARTS}: expected it to start the file that {HASHES} writes, got another; {ADVICE}"
    if given := [each for each in _CONDITIONS if each in starts and each != "needs"]:
        yield f"{STARTS}: expected it to run whenever {HASHES} succeeded, got {', '.join(given)}; {ADVICE}"


def _needed(job: Mapping[str, Any]) -> list[str]:
    """The jobs that it needs, by their names; GitLab takes a name, or an object with it."""
    needs = job.get("needs")
    listed = needs if isinstance(needs, list) else []
    return [str(mapping(each).get("job")) if isinstance(each, dict) else str(each) for each in listed]


def _others_troubles(job: Mapping[str, Any], outputs: str) -> Iterator[str]:
    if outside := [each for each in _artifacts(job) if not each.startswith((f"{outputs}/", _PROBE))]:
        yield f"leaves {outside[0][:80]}, which the last job does not hash; leave it in {outputs}/"
    if job.get("stage") == STAGE:
        yield f"runs beside the last job, in the stage {STAGE}; give it another stage"
    if "trigger" in job:
        yield "starts a pipeline whose jobs could have the last job's token; take the trigger out"


def _artifacts(job: Mapping[str, Any]) -> list[str]:
    """The paths, each with a slash behind it, so that a folder begins with itself."""
    paths = mapping(job.get("artifacts")).get("paths")
    return [f"{str(each).rstrip('/')}/" for each in paths] if isinstance(paths, list) else []


def own_runner_troubles(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Jobs that ask for runners that are not GitLab's: their owner sees all, and can leave what they like.

    Not seen here: a job without tags runs wherever the project lets it; the token tells of the last job's.
    """
    for name, job in jobs.items():
        tags = [str(each) for each in job.get("tags") or []] if isinstance(job.get("tags"), list) else []
        if own := [each for each in tags if not each.startswith(_HOSTED)]:
            yield f"{name}: asks for a runner of the seller's own by the tag {own[0][:40]}; take the tag out"
