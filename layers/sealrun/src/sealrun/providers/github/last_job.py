"""Does a workflow end in the last job, whose CI token says that the call is done? Pure.

The building block is ``.github/workflows/done.yml``, called by a full commit hash. A proof tells it from
other jobs by ``job_workflow_ref``. GitHub's terms forbid reselling Actions, so this is for offers of price 0.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sealrun.providers.pipeline import is_digest, listed

FILE = "/.github/workflows/done.yml"


def is_last_job(job: Mapping[str, Any]) -> bool:
    """True for a job that calls the building block by its digest."""
    file, _, digest = str(job.get("uses") or "").rpartition("@")
    return file.endswith(FILE) and is_digest(digest)


def last_job_troubles(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps the last job's token from saying that all others are done: "what is; what to do"."""
    last = [name for name, job in jobs.items() if is_last_job(job)]
    if len(last) != 1:
        yield f"expected one job that calls {FILE[1:]} by a full commit hash, got {len(last)}; add it"
        return
    name, job = last[0], jobs[last[0]]
    missing = sorted({*jobs} - {name, *needs(job)})
    if missing:
        yield f"{name}: expected it to need all other jobs, got none of {', '.join(missing)[:100]}; add them"
    if "if" in job:
        yield f"{name}: expected it to run whenever all others succeeded, got an if; take it out"


def needs(job: Mapping[str, Any]) -> list[str]:
    """The jobs that it needs; GitHub takes a name, or a list of them."""
    return list(map(str, listed(job.get("needs"))))
