"""The Invoke API as boto3 speaks it: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from werkzeug import Response

from local.lambda_runtime.model import MAX_EVENT, Outcome, Throttled, UnknownFunction
from local.loopback import Request, json_reply

INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")


def serve_invoke(
    request: Request, *, invoke: Callable[[str, bytes], Outcome], invoke_later: Callable[[str, bytes], None]
) -> Response:
    """Answer one request: at once with the outcome, or 202 for an asynchronous event."""
    match = INVOKE.fullmatch(request.raw_path)
    if request.method != "POST" or match is None:
        return _refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", "no such endpoint")
    name = (
        unquote(match[1]).rpartition(":function:")[2].partition(":")[0]
    )  # a name or an ARN, qualified or not
    event = request.get_data() or b"{}"
    kind = request.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    if kind not in ("RequestResponse", "Event"):
        message = f"invocation type: expected RequestResponse or Event, got {kind}"
        return _refused(HTTPStatus.BAD_REQUEST, "InvalidParameterValueException", message)
    if kind == "Event" and len(event) > MAX_EVENT:
        message = f"event size: expected at most {MAX_EVENT} bytes, got {len(event)}"
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestTooLargeException", message)
    try:
        return (
            _outcome(invoke(name, event)) if kind == "RequestResponse" else _later(invoke_later, name, event)
        )
    except UnknownFunction as error:
        return _refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", str(error))
    except Throttled as error:
        return _refused(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException", str(error))


def _later(invoke_later: Callable[[str, bytes], None], name: str, event: bytes) -> Response:
    invoke_later(name, event)
    return Response(status=HTTPStatus.ACCEPTED)


def _outcome(outcome: Outcome) -> Response:
    headers = {"X-Amz-Executed-Version": "$LATEST"}
    if outcome.error:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(outcome.payload, HTTPStatus.OK, headers, mimetype="application/json")


def _refused(status: int, error: str, message: str) -> Response:
    return json_reply(status, {"Type": "User", "Message": message}, {"x-amzn-ErrorType": error})
