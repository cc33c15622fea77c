"""How a run's jobs stand while it goes on, by the operator's word."""

from collections.abc import Mapping
from typing import Any

# What a service shows of a run is bounded; of one that shows more, no more is read.
MAX_JOBS, MAX_WORDS = 20, 60


def jobs_line(view: Mapping[str, Any]) -> str:
    """The jobs of a call's view in one line: ``build succeeded, test running``; empty where it names none."""
    progress = view.get("progress")
    listed = progress.get("jobs") if isinstance(progress, Mapping) else None
    jobs = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    words = [f"{_word(each, 'name')} {_word(each, 'state')}" for each in jobs[:MAX_JOBS]]
    more = len(jobs) - len(words) + _more(progress)
    return ", ".join([*words, *([f"{more} more"] if more else [])])


def _word(job: Mapping[str, Any], name: str) -> str:
    return str(job.get(name))[:MAX_WORDS]


def _more(progress: object) -> int:
    more = progress.get("more") if isinstance(progress, Mapping) else 0
    return more if isinstance(more, int) and more > 0 else 0
