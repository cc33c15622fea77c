"""The agent's page: a configuration that the command takes, and tools that are there."""

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from sealrun_cli.lib.agent.desk import MAX_WAIT_SECONDS
from sealrun_cli.lib.agent.strangers import MAX_FILE_BYTES
from sealrun_cli.main import app
from tests.cli.lib.agent.test_server import TOOLS

PAGE = Path("docs/guides/agent.md").read_text(encoding="utf-8")


def test_the_command_takes_the_configuration_that_the_page_shows(tmp_path: Path) -> None:
    [block] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    [server] = json.loads(block)["mcpServers"].values()
    assert server["command"] == "sealrun"
    key = str(tmp_path / "buyer.key")
    given = [key if each == "/home/me/buyer.key" else each for each in server["args"]]
    done = CliRunner().invoke(app, given, env=server["env"])
    assert done.exit_code == 1, "2 is for options that the command does not know"
    assert "account:" in done.output, "B62q... stands for an address"


def test_the_page_names_every_tool_and_the_bounds_that_hold() -> None:
    assert sorted(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)) == TOOLS
    assert f"up to {MAX_WAIT_SECONDS} seconds" in PAGE
    assert f"at most {MAX_FILE_BYTES >> 10} KiB" in PAGE
