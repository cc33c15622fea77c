"""A record as the text that ledgers keep."""

import json
from dataclasses import asdict
from typing import Any

from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Ending, Fault, Progress, Record, State


def record_text(record: Record) -> str:
    """The record as JSON."""
    return json.dumps(asdict(record), separators=(",", ":"))


def read_record(text: str) -> Record:
    """The record back from what ``record_text`` wrote; what else may stand there is not checked."""
    value = json.loads(text)
    end = value.pop("ending")
    state = State(value.pop("state"))
    counted = tuple(value.pop("counted", ()))
    ended, seen = _ending(end) if end else None, _progress(value.pop("progress", None))
    return Record(**value, state=state, ending=ended, counted=counted, progress=seen)


def _progress(value: list[Any] | None) -> Progress | None:
    if value is None:
        return None
    at, jobs, more = value
    return Progress(at, tuple((name, state) for name, state in jobs), more)


def _ending(value: dict[str, Any]) -> Ending:
    words = {"outcome": Outcome(value["outcome"]), "fault": Fault(value.get("fault", ""))}
    return Ending(**{**value, **words})
