"""The official MCP client before the running stack, over HTTP."""

import json
import time
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import TextResourceContents

from sealrun.receipts.receipt import SignedReceipt
from sealrun.service.tools import tool_name
from tests.spine.conftest import Shop

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_an_agent_buys_a_run_with_the_official_client_and_reads_its_receipt(shop: Shop, era: Any) -> None:
    async def buy() -> tuple[str, SignedReceipt]:
        async with Client(f"{shop.market.stack.url}/mcp", mode=era) as client:
            [tool] = [
                each for each in (await client.list_tools()).tools if each.name == tool_name(shop.offer.id)
            ]
            assert tool.title == shop.offer.title
            body = shop.sign().body()
            inputs = body.pop("inputs")
            meta: Any = {"sealrun/call": body}
            taken = await client.call_tool(tool.name, inputs, meta=meta)
            assert not taken.is_error, taken
            place, receipt = (str(each.uri) for each in taken.content[1:3])  # type: ignore[union-attr]
            await wait(client, place)
            return taken.structured_content["call"], SignedReceipt.parse(await read(client, receipt))

    call, signed = anyio.run(buy)
    assert f"{signed.receipt.call_hash:064x}" == call
    assert signed.holds()
    assert signed.public_key.to_base58() == shop.offer.oracle
    assert len(shop.runs(call)) == 1


async def wait(client: Client, place: str) -> None:
    end = time.monotonic() + 60
    while (await read(client, place))["receipt"] is None:
        assert time.monotonic() < end
        await anyio.sleep(0.3)


async def read(client: Client, uri: str) -> Any:
    [content] = (await client.read_resource(uri, cache_mode="bypass")).contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)
