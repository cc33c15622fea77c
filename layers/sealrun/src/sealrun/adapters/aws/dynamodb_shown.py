"""What an operator may see of a call, in its item: the control plane reads this and never the record.

It is deflated, because each kilobyte of an item costs a unit with every write.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from sealrun.adapters.aws import dynamodb_keys as keys

# The attributes that tell it, beside the key.
ATTRIBUTES = ("shown", "listed_in", "called_by", "claimed_at")
# What most calls say. What exists cannot be read with another text: it is never changed.
_USUAL = (
    b'{"buyer":"B62q","state":"triggeringcollectingrunningfailedsucceeded","price":"000000000",'
    b'"asset":"wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf",'
    b'"run":null,"reason":"","run":"https://gitlab.com/github.com//-/pipelines/actions/runs/",'
    b'"reason":"every job succeeded"}'
)
_ELSEWHERE = ("offer", "account", "claimed_at")


def packed(shown: Mapping[str, Any]) -> bytes:
    """What ``Record.shown`` says and no other attribute does."""
    said = {name: value for name, value in shown.items() if name not in _ELSEWHERE}
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_USUAL)
    return deflate.compress(json.dumps(said, separators=(",", ":")).encode()) + deflate.flush()


def unpacked(item: Mapping[str, Any]) -> dict[str, Any]:
    """What ``Record.shown`` said, by the attributes of the call's item."""
    said = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_USUAL).decompress(item["shown"]["B"])
    about = {"offer": keys.offer_of(item), "account": keys.caller_of(item), **json.loads(said)}
    return {**about, "claimed_at": int(item["claimed_at"]["N"])}
