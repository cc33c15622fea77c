"""A function's environment as boto3 reads and replaces it.

https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html and
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html, the environment only.
"""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import unquote

from werkzeug import Response

from local.lambda_runtime.model import UnknownFunction
from local.loopback import Request, json_reply

CONFIGURATION = re.compile(r"/2015-03-31/functions/([^/]+)/configuration")


def serve_configuration(
    request: Request,
    *,
    environment: Callable[[str], Mapping[str, str]],
    configure: Callable[[str, Mapping[str, str]], None],
) -> Response:
    """Answer GET with the environment, and PUT after it was replaced as a whole."""
    match = CONFIGURATION.fullmatch(request.raw_path)
    if match is None or request.method not in ("GET", "PUT"):
        return _refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", "no such endpoint")
    name = unquote(match[1]).rpartition(":function:")[2].partition(":")[0]
    try:
        if request.method == "PUT":
            configure(name, _variables(request.get_data()))
        variables = dict(environment(name))
    except UnknownFunction as error:
        return _refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", str(error))
    except (ValueError, KeyError, TypeError):
        words = "expected Environment.Variables of strings and nothing else, got another request"
        return _refused(HTTPStatus.BAD_REQUEST, "InvalidParameterValueException", words)
    value = {"FunctionName": name, "Environment": {"Variables": variables}, "LastUpdateStatus": "Successful"}
    return json_reply(HTTPStatus.OK, value)


def _variables(body: bytes) -> dict[str, str]:
    value = json.loads(body)
    variables = value.pop("Environment")["Variables"]
    if value or not all(isinstance(each, str) for each in variables.values()):
        raise ValueError("configuration: expected the environment only, got more")
    return dict(variables)


def _refused(status: int, error: str, message: str) -> Response:
    return json_reply(status, {"Type": "User", "Message": message}, {"x-amzn-ErrorType": error})
