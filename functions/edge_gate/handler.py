"""Lambda@Edge before ``/tickets/*``, on viewer requests with their body: hopeless requests end here.

No environment, no layer, no secret: what it knows of the stack are the issuers in ``issuers.json`` beside it,
which ``infra.edge_package`` writes: a list of public keys, or null for any.
"""

import json
import time
from pathlib import Path
from typing import Any

from sealrun.calls.edge_gate import Gate, refusal
from sealrun.errors import SealrunError


def _issuers() -> frozenset[str] | None:
    known = json.loads(Path(__file__).with_name("issuers.json").read_text("utf-8"))
    return None if known is None else frozenset(known)


gate = Gate(_issuers())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The request itself, which then goes to the region, or an answer to it."""
    request: dict[str, Any] = event["Records"][0]["cf"]["request"]
    try:
        gate.check(request, now=int(time.time()))
    except SealrunError as error:
        return refusal(error)
    return request
