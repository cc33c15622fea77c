"""``run.json``, the document that is always shown: the run, its jobs, and everything that is not pinned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer
from sealrun.runs.record import Ending, Record
from sealrun.runs.run import Job, Run

# Providers run refs, not every byte that a run is made of (R4).
NOT_PINNED = ("job images", "project variables", "runners")
LABEL = "run.json"

_RUN = (
    "id", "project", "name", "ref", "sha", "source", "user", "url", "created_at", "started_at", "finished_at",
)  # fmt: skip
_JOB = ("id", "name", "stage", "status", "result", "may_fail", "failure_reason", "retried", "runner")


# Reasons that a document repeats; of more it gives the count.
MAX_REASONS = 20


@dataclass(frozen=True)
class Pins:
    """How many public items one IPFS service holds, and why not the others, by their label."""

    service: str
    pinned: int
    failed: Mapping[str, str]

    def shown(self) -> dict[str, Any]:
        """As the document has it."""
        why = dict(list(self.failed.items())[:MAX_REASONS])
        return {"service": self.service, "pinned": self.pinned, "failed": len(self.failed), "why": why}


@dataclass(frozen=True)
class RunReport:
    """What was found while the evidence was gathered; no digest of anything that may stay hidden (E1)."""

    run: Run | None = None
    jobs: Sequence[Job] = ()
    duplicates: Sequence[int] = ()
    configuration: str = ""  # the path that the project is set to run; empty where the provider does not tell
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # how each job was sampled
    tokens: Sequence[Mapping[str, Any]] = ()  # the jobs whose CI tokens were checked, and the results
    logs_cut: Sequence[str] = ()  # jobs whose log is longer than the offer's limit
    logs_missing: Mapping[str, str] = field(default_factory=dict)  # jobs without a log, and why (R9)
    masked: Mapping[str, int] = field(default_factory=dict)  # secrets that were masked, by where
    pins: Sequence[Pins] = ()  # what is on IPFS, this document included; none where nothing is pinned
    withheld: Sequence[str] = ()  # items that the policy names and that hold what may be a secret


def run_document(
    record: Record, ending: Ending, offer: Offer, report: RunReport, *, statement_key: bytes
) -> bytes:
    """The document, canonical JSON.

    Args:
        record: of the call.
        ending: how it ended, with a reason in words.
        offer: the offer that was sold.
        report: the findings.
        statement_key: the Ed25519 key (32 bytes) that signs the in-toto statements of this oracle.
    """
    return canonical(
        {
            "sealrun": 1,
            "call": record.id,
            "outcome": ending.outcome.name.lower(),
            "reason": ending.reason,
            "run": _run(report.run) if report.run else None,
            "jobs": [{name: getattr(job, name) for name in _JOB} for job in report.jobs],
            "duplicates": list(report.duplicates),
            "configuration": report.configuration or None,
            "not_pinned": not_pinned(offer, report.configuration),
            "samples": dict(report.samples),
            "tokens": list(report.tokens),
            "logs_cut": list(report.logs_cut),
            "logs_missing": dict(report.logs_missing),
            "masked": dict(report.masked),
            "pins": [pins.shown() for pins in report.pins],
            "withheld": list(report.withheld),
            "statement_key": statement_key.hex(),
        }
    )


def not_pinned(offer: Offer, configuration: str) -> list[str]:
    """What may change under the same commit, in words (R4)."""
    unknown = [] if configuration else ["which configuration file the project is set to run"]
    includes = [f"included configuration {include}" for include in offer.source.configuration.not_pinned]
    return [*includes, *unknown, *NOT_PINNED]


def _run(run: Run) -> Mapping[str, Any]:
    return {**{name: getattr(run, name) for name in _RUN}, "status": run.status.value}
