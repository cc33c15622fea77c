"""``sealrun mcp`` before the official client: its tools, when it asks a person, and what it never says."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, ElicitResult, TextContent

from sealrun_cli.lib.agent.desk import Desk
from sealrun_cli.lib.agent.server import open_server
from tests.cli.lib.agent.shop import INPUTS, NAME, Shop, caps
from tests.cli.web import Asked, web
from tests.sealrun.world import BUYER, PRICE

ERAS = ("auto", "legacy")
TOOLS = ["call_offer", "call_status", "get_receipt", "list_offers", "read_file", "show_offer"]


class Person:
    """Answers what is asked, and remembers it."""

    def __init__(self, action: str, *, agree: bool = True) -> None:
        self.asked: list[str] = []
        self._answer = ElicitResult(action=action, content={"agree": agree} if action == "accept" else None)  # type: ignore[arg-type]

    async def __call__(self, _context: Any, params: Any) -> ElicitResult:
        self.asked.append(params.message)
        return self._answer


def talk(desk: Desk, steps: Callable[[Client], Awaitable[Any]], era: str = "auto", **options: Any) -> Any:
    async def run() -> Any:
        async with Client(open_server(desk), mode=era, **options) as client:
            return await steps(client)

    return anyio.run(run)


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


def buy(shop: Shop, desk: Desk, order: str = "order-1", **options: Any) -> CallToolResult:
    asked = {"offer": shop.offer, "inputs": INPUTS, "order": order}
    return talk(desk, lambda client: client.call_tool("call_offer", asked), **options)  # type: ignore[no-any-return]


@pytest.mark.parametrize("era", ERAS)
def test_the_tools_are_these_and_no_argument_says_yes_for_a_person(shop: Shop, era: str) -> None:
    tools = {tool.name: tool for tool in talk(shop.desk(), lambda client: client.list_tools(), era).tools}
    assert sorted(tools) == TOOLS
    assert set(tools["call_offer"].input_schema["properties"]) == {"offer", "inputs", "order"}
    assert set(tools["call_offer"].input_schema["required"]) == {"offer", "inputs", "order"}
    assert all(tool.annotations.read_only_hint is (name != "call_offer") for name, tool in tools.items())


@pytest.mark.parametrize("era", ERAS)
def test_an_agent_buys_within_the_caps_and_nobody_is_asked(shop: Shop, era: str) -> None:
    person = Person("accept")
    result = buy(shop, shop.desk(), era=era, elicitation_callback=person)
    assert not result.is_error
    assert result.structured_content["state"] == "running"
    assert person.asked == []
    assert shop.signed() == PRICE


@pytest.mark.parametrize("era", ERAS)
def test_above_a_cap_a_person_is_asked_and_may_agree(shop: Shop, era: str) -> None:
    person = Person("accept")
    result = buy(shop, shop.desk(caps(0, 9, 9)), era=era, elicitation_callback=person)
    assert not result.is_error, result
    [question] = person.asked
    assert "buy one run for 5 MINA. That is over the cap of 0 MINA per call" in question
    assert "layer=both" in question
    assert shop.offer in question
    assert shop.market.provider.starts == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("person", "says"),
    [
        (Person("decline"), "A person did not agree: nothing was signed."),
        (Person("cancel"), "A person did not agree: nothing was signed."),
        (Person("accept", agree=False), "the cap of 0 MINA per call"),
    ],
    ids=["decline", "cancel", "unticked"],
)
def test_above_a_cap_a_no_signs_nothing(shop: Shop, era: str, person: Person, says: str) -> None:
    result = buy(shop, shop.desk(caps(0, 0, 0)), era=era, elicitation_callback=person)
    assert result.is_error
    assert says in text_of(result)
    assert shop.signed() == 0


@pytest.mark.parametrize("era", ERAS)
def test_a_client_that_cannot_ask_is_told_what_a_person_can_run(shop: Shop, era: str) -> None:
    result = buy(shop, shop.desk(caps(0, 0, 0)), era=era)
    assert result.is_error
    assert f"A person can run: sealrun call {shop.offer} --key buyer.key --pay --account {NAME}" in text_of(
        result
    )
    assert shop.signed() == 0


@pytest.mark.parametrize("era", ERAS)
def test_a_receipt_is_verified_and_its_files_are_resources(shop: Shop, era: str) -> None:
    shop.market.provider.files = {"out.txt": b"hello\n"}
    desk = shop.desk()
    call = buy(shop, desk, era=era).structured_content["call"]
    running = talk(desk, lambda client: client.call_tool("get_receipt", {"call": call}), era)
    assert "expected a call that is over" in text_of(running)
    shop.end(call)
    receipt = talk(
        desk, lambda client: client.call_tool("get_receipt", {"call": call}), era
    ).structured_content
    assert receipt["holds"]
    assert receipt["claims"][0]["verdict"] == "holds"
    names = receipt["files"]["names"]["by_number"]
    number = next(at for at, name in enumerate(names) if name.endswith("out.txt"))
    uri = receipt["files"]["first"][number]["uri"]
    [content] = talk(desk, lambda client: client.read_resource(uri), era).contents
    asked = {"call": call.rpartition("/")[2], "number": number}
    read = talk(desk, lambda client: client.call_tool("read_file", asked), era)
    assert content.text == text_of(read)
    assert content.text.endswith("\nhello\n")


def test_no_answer_holds_the_key(shop: Shop) -> None:
    desk = shop.desk()
    call = buy(shop, desk).structured_content["call"]
    shop.end(call)

    def ask(name: str, given: dict[str, Any]) -> str:
        return str(talk(desk, lambda client: client.call_tool(name, given)).model_dump_json())

    said = [
        ask(name, given)
        for name, given in (
            ("show_offer", {"offer": shop.offer}),
            ("get_receipt", {"call": call}),
            ("call_status", {"call": call}),
            ("list_offers", {"service": "file:///etc/passwd"}),
            ("read_file", {"call": "../../buyer.key", "number": 0}),
        )
    ]
    assert BUYER.to_base58() not in "".join(said)
    assert "bad-request: url: expected" in said[3]


def test_the_command_speaks_over_stdin_and_stdout_and_nothing_else(tmp_path: Path) -> None:
    key = tmp_path / "buyer.key"
    key.write_text(BUYER.to_base58())
    key.chmod(0o600)

    def listed(_: Asked) -> tuple[int, Any]:
        return 200, {"offers": [{"offer": "0" * 64, "title": "Build"}], "next": None}

    async def run(url: str) -> Any:
        arguments = ["-m", "sealrun_cli.main", "mcp", "--key", str(key), "--state", str(tmp_path / "state")]
        server = StdioServerParameters(command=sys.executable, args=[*arguments, "--service", url])
        async with Client(server) as client:
            tools = sorted(tool.name for tool in (await client.list_tools()).tools)
            return tools, await client.call_tool("list_offers", {"service": url})

    with web({"GET /offers": listed}) as site:
        tools, result = anyio.run(run, site.url)
        assert tools == TOOLS
        assert json.loads(text_of(result))["offers"][0]["offer"] == f"{site.url}/offers/{'0' * 64}"
