"""The official MCP client before functions/mcp, which is called as its function URL calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market

URL = f"{SERVICE}/mcp"


class Wire(httpx2.AsyncBaseTransport):
    """Hands requests of httpx2 to the function."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        sent = httpx.Request(request.method, str(request.url), headers=request.headers.raw, content=body)
        answer = await anyio.to_thread.run_sync(self.gateway.answer, sent)
        return httpx2.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)


def function(market: Market, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Gateway:
    """functions/mcp with the market's ports."""
    return Gateway(load("mcp", market, monkeypatch, **{"store": market.store, **more}))


@asynccontextmanager
async def connected(gateway: Gateway, **options: Any) -> AsyncIterator[Client]:
    """A client that has agreed on the protocol's version."""
    async with (
        httpx2.AsyncClient(transport=Wire(gateway)) as http,
        Client(streamable_http_client(URL, http_client=http), **options) as client,
    ):
        yield client
