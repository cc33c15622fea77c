"""Which pages may ask what, in one place: pages of any origin, as no cookie and no session is looked at.

Lambda's function URLs answer by ``template.yaml`` and the bucket of evidence by ``infra/data.yaml``, which
say the same; ``sealrun serve`` and the local gateway answer by this file.
"""

from typing import NamedTuple

MAX_AGE = 3600
# What a buyer signs to read private parts of calls, or an account's figures.
_RIGHT = ("sealrun-key", "sealrun-expires-at", "sealrun-signature")


class Cors(NamedTuple):
    """What a page may send to one function, and what it may read of the answer beside the body."""

    methods: tuple[str, ...]
    allowed: tuple[str, ...]  # headers of the request
    exposed: tuple[str, ...] = ()  # headers of the answer

    @property
    def answer(self) -> dict[str, str]:
        """The headers of an answer to a page."""
        exposed = {"Access-Control-Expose-Headers": ", ".join(self.exposed)} if self.exposed else {}
        return {"Access-Control-Allow-Origin": "*", **exposed}

    @property
    def preflight(self) -> dict[str, str]:
        """The headers of the answer to a browser that asks before it sends."""
        return {
            **self.answer,
            "Access-Control-Allow-Methods": ", ".join(self.methods),
            "Access-Control-Allow-Headers": ", ".join(self.allowed),
            "Access-Control-Max-Age": str(MAX_AGE),
        }


FUNCTIONS = {
    "account": Cors(("GET",), ("accept", *_RIGHT), ("retry-after",)),
    "call": Cors(
        ("GET", "POST"),
        ("accept", "content-type", "payment-signature"),
        ("location", "payment-required", "payment-response", "retry-after"),
    ),
    # An agent in a browser: what MCP's Streamable HTTP says of a message stands beside its body.
    "mcp": Cors(("POST",), ("accept", "content-type", "mcp-method", "mcp-name", "mcp-protocol-version")),
    "once": Cors(("POST",), ("accept", "content-type"), ("location", "payment-response", "retry-after")),
    "receipt": Cors(("GET",), ("accept", *_RIGHT), ("retry-after",)),
}
# Files by signed URLs: the URL itself is the right to read, and it expires within minutes.
EVIDENCE = Cors(
    ("GET", "HEAD"),
    ("range",),
    ("accept-ranges", "content-disposition", "content-range", "etag", "x-amz-checksum-sha256"),
)
