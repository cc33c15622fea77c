"""Requests as functions read them, and their answers: the same that a function URL makes of them."""

import base64
import io
from typing import Any

import pytest

from sealrun.serving.events import http_event, path_of, reply_of


def environ(path: str = "/", body: bytes = b"", **more: Any) -> dict[str, Any]:
    return {
        "REQUEST_URI": path,
        "QUERY_STRING": path.partition("?")[2],
        "REQUEST_METHOD": "POST",
        "REMOTE_ADDR": "192.0.2.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(body),
        **more,
    }


def test_a_path_keeps_its_percent_encoding() -> None:
    assert path_of(environ("/calls/a%2Fb?x=%2F")) == "/calls/a%2Fb"
    event = http_event(environ("/calls/a%2Fb?x=%2F&x=2&y="), now=5.5)
    assert (event["rawPath"], event["rawQueryString"]) == ("/calls/a%2Fb", "x=%2F&x=2&y=")
    assert event["queryStringParameters"] == {"x": "/,2", "y": ""}
    assert event["requestContext"]["timeEpoch"] == 5500


def test_any_bytes_arrive_as_they_were_sent() -> None:
    event = http_event(environ(body=b"\xff\x00"), now=0)
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\xff\x00"
    assert "body" not in http_event(environ(), now=0)


def test_headers_are_lower_case_and_the_sender_is_the_connections() -> None:
    given = {"HTTP_PAYMENT_SIGNATURE": "abc", "HTTP_X_SEALRUN_ORIGIN": "x"}
    event = http_event({**environ(), **given, "CONTENT_TYPE": "application/json"}, now=0)
    assert event["headers"] == {
        "content-type": "application/json",
        "payment-signature": "abc",
        "x-sealrun-origin": "x",
    }
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.1"


def test_a_query_of_very_many_names_is_refused() -> None:
    with pytest.raises(ValueError, match="Max number of fields"):
        http_event(environ("/?" + "a=1&" * 200), now=0)


def test_an_answer_loses_the_headers_that_are_the_servers() -> None:
    answer = {"statusCode": 202, "headers": {"Connection": "close", "Location": "/x"}, "body": "é"}
    reply = reply_of(answer)
    assert (reply.line, reply.headers, reply.body) == ("202 Accepted", {"Location": "/x"}, "é".encode())
    encoded = {"statusCode": 599, "body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}
    assert (reply_of(encoded).line, reply_of(encoded).body) == ("599 Unknown", b"\xff")
