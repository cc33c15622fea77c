"""MCP Inspector's command line lists what the running stack sells; ``make test-inspector`` fetches it."""

import json
import subprocess
from typing import Any

import pytest

from sealrun.service.tools import tool_name
from tests.spine.conftest import Shop

pytestmark = pytest.mark.peers

PACKAGE = "@modelcontextprotocol/inspector@2.12.0"


def inspect(shop: Shop, method: str) -> Any:
    url = f"{shop.market.stack.url}/mcp"
    command = ["npm", "exec", "--yes", "--package", PACKAGE, "--", "mcp-inspector", "--cli", url]
    asked = [*command, "--transport", "http", "--method", method]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=True)
    return json.loads(done.stdout)


def test_the_inspector_lists_the_tools_the_resources_and_their_templates(shop: Shop) -> None:
    [tool] = [
        each for each in inspect(shop, "tools/list")["tools"] if each["name"] == tool_name(shop.offer.id)
    ]
    assert tool["inputSchema"] == shop.offer.inputs.schema
    assert f"{shop.market.stack.url}/offers/{shop.offer.id}" in {
        each["uri"] for each in inspect(shop, "resources/list")["resources"]
    }
    assert len(inspect(shop, "resources/templates/list")["resourceTemplates"]) == 4
