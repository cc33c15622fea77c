"""CORS as function URLs do it, with the settings of ``FunctionUrlConfig.Cors`` in the template.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors. Functions see no preflight.
"""

from werkzeug import Request, Response

_ANY = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "location, payment-required, payment-response, retry-after",
}
_READ = "sealrun-expires-at, sealrun-key, sealrun-signature"  # what a buyer signs to read
_PREFLIGHT = {
    **_ANY,
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": f"accept, content-type, payment-signature, {_READ}",
    "Access-Control-Max-Age": "3600",
}


def preflight(request: Request) -> Response | None:
    """The answer to a browser that asks before it sends; None for every other request."""
    asks = request.method == "OPTIONS" and request.headers.get("Access-Control-Request-Method")
    return Response(headers=_PREFLIGHT) if asks else None


def shown(request: Request, response: Response) -> Response:
    """The function's answer, which a page of any origin may read."""
    if request.headers.get("Origin"):
        response.headers.update(_ANY)
    return response
