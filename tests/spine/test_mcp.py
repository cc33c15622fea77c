"""The official MCP client before the running stack: over HTTP, and through ``sealrun mcp``."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
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


def test_a_desktop_agent_buys_a_run_by_the_command_and_its_receipt_is_verified_here(
    shop: Shop, tmp_path: Path
) -> None:
    key = tmp_path / "buyer.key"
    key.write_text(shop.buyer.to_base58())
    key.chmod(0o600)
    command = ["-m", "sealrun_cli.main", "mcp", "--key", str(key), "--state", str(tmp_path / "state")]
    service = shop.market.stack.url
    arguments = [*command, "--service", service]
    server = StdioServerParameters(command=sys.executable, args=arguments)

    async def buy() -> tuple[Any, Any]:
        async with Client(server) as client:
            listed = (await client.call_tool("list_offers", {"service": service})).structured_content
            offer = next(each["offer"] for each in listed["offers"] if shop.offer.id in each["offer"])
            asked = {"offer": offer, "inputs": {"greeting": "agent"}, "order": "first"}
            taken = await client.call_tool("call_offer", asked)
            assert not taken.is_error, taken
            call = {"call": taken.structured_content["call"]}
            standing = await client.call_tool("call_status", {**call, "wait_seconds": 50})
            receipt = (await client.call_tool("get_receipt", call)).structured_content
            number = receipt["files"]["names"]["by_number"].index("outputs/greet/out/greeting.txt")
            uri = receipt["files"]["first"][number]["uri"]
            [content] = (await client.read_resource(uri)).contents
            return standing.structured_content, (receipt, content)

    standing, (receipt, content) = anyio.run(buy)
    assert standing["state"] == "succeeded"
    assert receipt["holds"]
    assert receipt["counts"]["broken"] == 0
    assert content.text.endswith("\nagent\n")


async def wait(client: Client, place: str) -> None:
    end = time.monotonic() + 60
    while (await read(client, place))["receipt"] is None:
        assert time.monotonic() < end
        await anyio.sleep(0.3)


async def read(client: Client, uri: str) -> Any:
    [content] = (await client.read_resource(uri, cache_mode="bypass")).contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)
