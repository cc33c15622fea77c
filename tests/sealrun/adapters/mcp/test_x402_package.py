"""x402's own MCP client pays at functions/mcp, over mcp 2 in the form of mcp 1, for which it was written."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from mcp import Client
from x402.mcp import x402MCPClient
from x402.schemas import PaymentRequired

from sealrun.money.buyer_mechanism import Known
from sealrun.service.tools import tool_name
from tests.sealrun.adapters.mcp.client import connected, function
from tests.sealrun.market import Market
from tests.sealrun.money.test_x402_package import client as payer
from tests.sealrun.money.test_x402_package import mechanism
from tests.sealrun.world import PRICE


class Session:
    """What x402's client asks of a session, asked of mcp 2; docs/x402.md shows it."""

    def __init__(self, client: Client, call: dict[str, Any]) -> None:
        self._client, self._call = client, call

    async def call_tool(self, params: dict[str, Any], *, read_timeout_seconds: timedelta) -> SimpleNamespace:
        meta: Any = {**params.get("_meta", {}), "sealrun/call": self._call}
        name, arguments, seconds = params["name"], params["arguments"], read_timeout_seconds.total_seconds()
        result = await self._client.call_tool(name, arguments, meta=meta, read_timeout_seconds=seconds)
        content = [each.model_dump() for each in result.content]
        names = {"isError": result.is_error, "structuredContent": result.structured_content}
        return SimpleNamespace(content=content, _meta=result.meta, **names)


def buy(market: Market, monkeypatch: pytest.MonkeyPatch, known: Known, nonce: int = 7) -> Any:
    made = mechanism(market, known, nonce)
    call = made.body()
    inputs = call.pop("inputs")

    async def run() -> Any:
        async with connected(function(market, monkeypatch)) as client:
            paying = x402MCPClient(Session(client, call), payer(made))
            return await paying.call_tool(tool_name(market.offer.id), inputs)

    return anyio.run(run)


def test_the_package_pays_over_mcp_and_the_price_is_reserved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market = Market()
    result = buy(market, monkeypatch, Known(0, 0))
    assert result.payment_made
    assert not result.is_error
    assert result.payment_response.extra["status"] == "reserved"
    assert market.provider.starts == 1
    assert [each["type"] for each in result.content] == ["text", *["resource_link"] * 3]


def test_l4_a_stale_limit_is_answered_with_the_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market()
    buy(market, monkeypatch, Known(0, 0))
    result = buy(market, monkeypatch, Known(0, 0), nonce=8)
    assert result.is_error
    required = PaymentRequired.model_validate_json(result.content[0]["text"])
    assert required.accepts[0].extra["correction"]["pending"] == str(PRICE)
    assert market.provider.starts == 1
