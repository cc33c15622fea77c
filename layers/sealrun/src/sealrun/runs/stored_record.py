"""A record as ledgers keep it: as text, or packed where every kilobyte of an item costs money."""

import json
import zlib
from typing import Any

from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Ending, Fault, Progress, Record, State
from sealrun.values import asdict, defaults

_DEFAULTS = defaults(Record)
# What most records say. Packed records that exist cannot be read with another text: it is never changed.
_USUAL = (
    b'"reason":"every job succeeded","blameless":false,"bare":false,"fault":"","outcome":1,'
    b'"ending":{"finished_at":,"spoiled":,"stopped_at":,"running_since":,"looked_at":,"looks":,"searches":,"tried_at":,'
    b'"openings":"","statements":"","index":"","receipt":{"data":{"network":"mina:mainnetmina:devnet","call_hash":"",'
    b'"offer_hash":"","source_hash":"","inputs_hash":"","outputs_hash":"","profile_hash":"","status":1,"grade":0,'
    b'"finished_at":},"signature":"7m","publicKey":"B62q"}{"call_hash":,"offer_hash":,"account":"B62q",'
    b'"body":{"account":"B62q","inputs":{"},"salt":"","nonce":"","expires_at":,"limit":"0000000000","reads":["'
    b'"signature":"7m","asset":"wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf","identifier":"","buyer":"B62q"},'
    b'"claimed_at":1,"state":"triggeringrunningcollectingsucceeded",'
    b'"version":,"wake_at":,"lease_until":1,"run_id":,"run_url":"https://gitlab.com/github.com/-/pipelines/actions/runs/",'
    b'"started_at":1,"price":000000000,"buyer":"B62q","holder":"B62q","counted":["B62q"]}'
)


def record_text(record: Record) -> str:
    """The record as JSON, without what has its usual value."""
    value = asdict(record)
    said = {name: each for name, each in value.items() if name not in _DEFAULTS or each != _DEFAULTS[name]}
    return json.dumps(said, separators=(",", ":"))


def packed(record: Record) -> bytes:
    """The record's text, deflated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_USUAL)
    return deflate.compress(record_text(record).encode()) + deflate.flush()


def unpacked(stored: bytes) -> Record:
    """The record back from what ``packed`` wrote; what else may stand there is not checked."""
    return read_record(zlib.decompressobj(-zlib.MAX_WBITS, zdict=_USUAL).decompress(stored).decode())


def read_record(text: str) -> Record:
    """The record back from what ``record_text`` wrote; what else may stand there is not checked."""
    value: dict[str, Any] = json.loads(text)
    end = value.pop("ending", None)
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
