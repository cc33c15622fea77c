"""A record as the text that ledgers keep."""

import json
from dataclasses import asdict

from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Ending, Record, State


def record_text(record: Record) -> str:
    """The record as JSON."""
    return json.dumps(asdict(record), separators=(",", ":"))


def read_record(text: str) -> Record:
    """The record back from what ``record_text`` wrote; what else may stand there is not checked."""
    value = json.loads(text)
    end = value.pop("ending")
    state = State(value.pop("state"))
    ending = Ending(**{**end, "outcome": Outcome(end["outcome"])}) if end else None
    return Record(**value, state=state, ending=ending)
