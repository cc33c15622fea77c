"""One request of MCP's Streamable HTTP, answered in JSON: no session, no stream, nothing is kept."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Message

from sealrun.adapters.aws.function_url import Event, Response
from sealrun.encoding.json_limits import MAX_BODY_BYTES, parse_object
from sealrun.money.x402 import MAX_HEADER_LENGTH

# A call and its payment, which travels in the body here.
MAX_MESSAGE_BYTES = MAX_BODY_BYTES + MAX_HEADER_LENGTH


def exchange(server: Server[Any], request: Event, body: bytes) -> Response:
    """The server's answer to one message; MCP's own errors are answers, too.

    Raises:
        Malformed: the body is too large, or no JSON object within the limits of strangers' JSON.
    """
    parse_object(body, at_most=MAX_MESSAGE_BYTES)
    return asyncio.run(_exchange(server, request, body))


async def _exchange(server: Server[Any], request: Event, body: bytes) -> Response:
    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=MAX_MESSAGE_BYTES
    )
    answer = _Answer()
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async with manager.run():
        await manager.handle_request(_scope(request), receive, answer.send)
    return answer.response


def _scope(request: Event) -> dict[str, Any]:
    """The request as ASGI has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "https",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(_headers(request.headers)),
        "client": (request.source_ip, 0),
        "server": None,
    }


def _headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in headers.items()
    ]


class _Answer:
    """What the application sends."""

    def __init__(self) -> None:
        self._status, self._headers = int(HTTPStatus.INTERNAL_SERVER_ERROR), dict[str, str]()
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    @property
    def response(self) -> Response:
        passed = {name: value for name, value in self._headers.items() if name != "content-length"}
        return Response(self._status, body=self._body.decode(), headers=passed)
