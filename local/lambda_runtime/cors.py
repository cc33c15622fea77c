"""CORS as function URLs do it, with the settings of ``FunctionUrlConfig.Cors`` in the template.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors. Functions see no preflight.
"""

from werkzeug import Request, Response

from sealrun.service.cors import FUNCTIONS


def preflight(function: str, request: Request) -> Response | None:
    """The answer to a browser that asks before it sends; None for every other request."""
    asks = request.method == "OPTIONS" and request.headers.get("Access-Control-Request-Method")
    return Response(headers=FUNCTIONS[function].preflight) if asks and function in FUNCTIONS else None


def shown(function: str, request: Request, response: Response) -> Response:
    """The function's answer, which a page of any origin may read if the template says so."""
    if request.headers.get("Origin") and function in FUNCTIONS:
        response.headers.update(FUNCTIONS[function].answer)
    return response
