"""Evidence: what a run left and how it ran, as two canonical documents whose digests the receipt signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealrun.fields import canonical, document_hash
from sealrun.ports import Job, Run, Stored
from sealrun.records import Record

# Providers run refs, not every byte that a run is made of (R4).
NOT_PINNED = ("included configuration", "job images", "project variables", "runners")


@dataclass(frozen=True)
class Output:
    """One file that a run left, named by its job and its path there."""

    name: str
    stored: Stored

    def entry(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return {"name": self.name, "sha256": self.stored.sha256, "size": self.stored.size}


@dataclass(frozen=True)
class Log:
    """One job's log, cut at the offer's limit."""

    stored: Stored
    cut: bool


@dataclass(frozen=True)
class Evidence:
    """The outputs' manifest and the profile, each as canonical JSON; the receipt signs the hash of both."""

    outputs: tuple[Output, ...]
    profile: bytes

    @property
    def manifest(self) -> bytes:
        """The outputs by name, so that two runs with the same outputs have the same bytes here."""
        return canonical([output.entry() for output in sorted(self.outputs, key=lambda output: output.name)])

    @property
    def outputs_hash(self) -> int:
        """``H("sealrun:outputs", digest(manifest))``."""
        return document_hash("sealrun:outputs", self.manifest)

    @property
    def profile_hash(self) -> int:
        """``H("sealrun:profile", digest(profile))``."""
        return document_hash("sealrun:profile", self.profile)


def profile(
    record: Record,
    *,
    outcome: str,
    reason: str,
    run: Run | None = None,
    jobs: Sequence[tuple[Job, Log | None]] = (),
    duplicates: Sequence[int] = (),
) -> bytes:
    """How the call went: the run, its jobs and logs, duplicates that were stopped, and what is not pinned."""
    return canonical(
        {
            "call": record.id,
            "outcome": outcome,
            "reason": reason,
            "run": _run(run) if run else None,
            "jobs": [_job(job, log) for job, log in jobs],
            "duplicates": list(duplicates),
            "not_pinned": list(NOT_PINNED),
        }
    )


def _run(run: Run) -> Mapping[str, Any]:
    names = (
        "id",
        "project",
        "ref",
        "sha",
        "source",
        "user",
        "url",
        "created_at",
        "started_at",
        "finished_at",
    )
    return {**{name: getattr(run, name) for name in names}, "status": run.status.value}


def _job(job: Job, log: Log | None) -> Mapping[str, Any]:
    names = ("id", "name", "stage", "status", "failure_reason", "runner")
    return {**{name: getattr(job, name) for name in names}, "log": _log(log) if log else None}


def _log(log: Log) -> Mapping[str, Any]:
    return {"sha256": log.stored.sha256, "size": log.stored.size, "cut": log.cut}
