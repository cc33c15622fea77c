"""What a function URL does for pages of other origins, as ``FunctionUrlConfig.Cors`` in the template says.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors. Functions see no preflight.
"""

from dataclasses import replace

from local.loopback import Reply, Request

_ANY = ("Access-Control-Allow-Origin", "*")
_PREFLIGHT = [
    _ANY,
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "accept, content-type, payment-signature"),
    ("Access-Control-Max-Age", "3600"),
]


def preflight(request: Request) -> Reply | None:
    """The answer to a browser that asks before it sends; None for every other request."""
    asks = request.method == "OPTIONS" and request.header("Access-Control-Request-Method")
    return Reply(200, headers=list(_PREFLIGHT)) if asks else None


def shown(request: Request, reply: Reply) -> Reply:
    """The function's answer, which a page of any origin may read."""
    return replace(reply, headers=[*reply.headers, _ANY]) if request.header("Origin") else reply
