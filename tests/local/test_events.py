"""Function-URL events and answers, against the shapes that AWS documents.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

import json

import pytest
from werkzeug import Response
from werkzeug.test import create_environ

from local.lambda_runtime.events import http_event, http_reply
from local.lambda_runtime.routes import line
from local.lambda_runtime.scheduler import scheduled_event
from local.loopback import Request
from local.routing import Routes

# 12/Mar/2020:19:03:58 +0000, the time of the example in the documentation
NOW = 1583348638.390
TIME = "04/Mar/2020:19:03:58 +0000"


def request(
    *headers: tuple[str, str],
    method: str = "POST",
    path: str = "/my/path",
    query: str = "",
    body: bytes = b"",
) -> Request:
    named: dict[str, str] = {}
    for name, value in headers:  # as werkzeug's server does with one that comes twice
        named[name.title()] = f"{named[name.title()]},{value}" if name.title() in named else value
    given = {"method": method, "path": path, "query_string": query, "data": body, "headers": named}
    environ = create_environ(environ_base={"REMOTE_ADDR": "123.123.123.123"}, **given)
    return Request({name: value for name, value in environ.items() if name != "HTTP_HOST"})


def event_of(given: Request) -> dict[str, object]:
    return http_event(given, domain="abc.lambda-url.us-west-2.on.aws", request_id="id", now=NOW)


def test_an_event_has_the_documented_shape() -> None:
    given = request(
        ("Header1", "value1"),
        ("Header2", "value1"),
        ("header2", "value2"),
        ("Cookie", "cookie1; cookie2"),
        ("User-Agent", "agent"),
        ("Content-Type", "text/plain"),
        query="parameter1=value1&parameter1=value2&parameter2=value",
        body=b"Hello from client!",
    )
    assert event_of(given) == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {
            "header1": "value1",
            "header2": "value1,value2",
            "user-agent": "agent",
            "content-type": "text/plain",
            "content-length": "18",
            "x-forwarded-for": "123.123.123.123",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.us-west-2.on.aws",
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "123.123.123.123",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": TIME,
            "timeEpoch": 1583348638390,
        },
        "body": "Hello from client!",
        "isBase64Encoded": False,
    }


def test_a_request_without_body_query_and_cookies_has_none_in_its_event() -> None:
    assert not {"body", "queryStringParameters", "cookies"} & event_of(request(method="GET")).keys()


@pytest.mark.parametrize(
    ("media_type", "body", "expected", "encoded"),
    [
        ("application/json", b'{"a":1}', '{"a":1}', False),
        ("application/json; charset=utf-8", "ü".encode(), "ü", False),
        ("application/octet-stream", b"abc", "YWJj", True),
        ("application/x-www-form-urlencoded", b"a=1", "YT0x", True),
        ("", b"abc", "YWJj", True),
        ("text/plain", b"\xff", "/w==", True),
    ],
)
def test_a_body_that_is_not_text_is_base64(
    media_type: str, body: bytes, expected: str, *, encoded: bool
) -> None:
    event = event_of(request(("Content-Type", media_type), body=body))
    assert (event["body"], event["isBase64Encoded"]) == (expected, encoded)


def reply_to(value: object) -> Response:
    return http_reply(json.dumps(value).encode())


def told(response: Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in response.headers.items() if pair[0] != "Content-Length"]
    return response.status_code, response.get_data(), headers


def test_a_full_answer_becomes_status_headers_cookies_and_body() -> None:
    given = {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json", "My-Custom-Header": "Custom Value"},
        "body": '{ "message": "Hello, world!" }',
        "cookies": ["Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT", "Cookie_2=Value2; Max-Age=78000"],
        "isBase64Encoded": False,
    }
    assert told(reply_to(given)) == (
        201,
        b'{ "message": "Hello, world!" }',
        [
            ("Content-Type", "application/json"),
            ("My-Custom-Header", "Custom Value"),
            ("Set-Cookie", "Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT"),
            ("Set-Cookie", "Cookie_2=Value2; Max-Age=78000"),
        ],
    )


def test_a_base64_body_is_decoded() -> None:
    assert reply_to({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}).get_data() == b"\x00\xff"


@pytest.mark.parametrize(
    ("value", "body"), [({"message": "hi"}, b'{"message": "hi"}'), ("hi", b"hi"), ([1, 2], b"[1, 2]")]
)
def test_plain_json_is_a_200(value: object, body: bytes) -> None:
    assert told(reply_to(value)) == (200, body, [("Content-Type", "application/json")])


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"A": "b\r\nSet-Cookie: c=d"}},
        {"statusCode": 200, "headers": ["A"]},
    ],
)
def test_an_answer_of_another_shape_is_a_502(value: object) -> None:
    assert told(reply_to(value)) == (502, b"Internal Server Error", [("Content-Type", "text/plain")])


@pytest.mark.parametrize(
    ("route", "method", "path", "fits"),
    [
        ("POST /offers/{offer}/calls", "POST", "/offers/abc/calls", True),
        ("POST /offers/{offer}/calls", "GET", "/offers/abc/calls", False),
        ("POST /offers/{offer}/calls", "POST", "/offers/a/b/calls", False),
        ("POST /offers/{offer}/calls", "POST", "/offers//calls", False),
        ("GET /calls/{call}", "GET", "/calls/abc/", False),
        ("GET /calls/{call}/{proxy+}", "GET", "/calls/abc/outputs/1", True),
        ("GET /calls/{call}/{proxy+}", "GET", "/calls/abc/", False),
        ("GET /a.b", "GET", "/aXb", False),
    ],
)
def test_a_route_fits_its_method_and_pattern(route: str, method: str, path: str, *, fits: bool) -> None:
    assert (Routes([line(route, "call")]).find(method, path) is not None) is fits


def test_a_schedule_fills_in_its_context_attributes() -> None:
    given = {"sweep": True, "time": "<aws.scheduler.scheduled-time>", "arn": "<aws.scheduler.schedule-arn>"}
    assert json.loads(scheduled_event("collect", given, now=NOW)) == {
        "sweep": True,
        "time": "2020-03-04T19:03:58Z",
        "arn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/collect",
    }


def test_a_schedule_without_input_sends_the_default_event() -> None:
    event = json.loads(scheduled_event("collect", None, now=NOW))
    assert (event["source"], event["detail-type"], event["detail"]) == (
        "aws.scheduler",
        "Scheduled Event",
        "{}",
    )
