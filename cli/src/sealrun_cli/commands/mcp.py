"""``sealrun mcp``: a wallet with caps for an agent, as a local MCP server."""

from typing import Annotated

import typer

from sealrun.offers.asset import TRADED
from sealrun_cli.lib import options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import STDIN, read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import amount_of, speaking
from sealrun_cli.lib.purchase import address_of
from sealrun_cli.lib.service import check_url

NEEDED = 'run: pip install "sealrun-cli[mcp]"'


def mcp(
    *,
    key: options.Key,
    account: Annotated[str, typer.Option(help="The prepaid account; without one, only free offers.")] = "",
    per_call: Annotated[
        str, typer.Option(help="Most for one call without asking.", metavar=TRADED.symbol)
    ] = "0",
    per_day: Annotated[
        str, typer.Option(help="Most in 24 hours without asking.", metavar=TRADED.symbol)
    ] = "0",
    per_seller: Annotated[
        str, typer.Option(help="Most for one seller in 24 hours; else as per day.", metavar=TRADED.symbol)
    ] = "",
    service: Annotated[
        list[str] | None, typer.Option(help="A service that it may use; without any, all.", metavar="URL")
    ] = None,
    node: options.Node = "",
    state: options.State = options.DEFAULT_STATE,
    evidence_mb: Annotated[int, typer.Option(help="Most to fetch of one call's files.", min=1)] = 256,
    as_json: options.Json = False,
) -> None:
    """Let an agent buy runs within caps (a local MCP server).

    A desktop agent starts it and speaks to it over stdin and stdout. What is above a cap is asked of a person
    where the agent's program can ask one, and refused otherwise. The agent never sees the key.
    """
    with speaking(as_json=as_json), open_client() as http:
        try:
            from sealrun_cli.lib.agent.desk import Desk  # noqa: PLC0415
            from sealrun_cli.lib.agent.server import open_server  # noqa: PLC0415
            from sealrun_cli.lib.agent.wallet import Caps, Wallet  # noqa: PLC0415
        except ImportError as error:
            raise CliError(
                "mcp", f"mcp: expected its library installed, got no {error.name}", NEEDED
            ) from error
        if key == STDIN:
            raise CliError("bad-request", "key: expected a file, got -: stdin is the agent's")
        if account:
            address_of(account)
        services = tuple(each.rstrip("/") for each in service or ())
        for each in services:
            check_url(each, "service")
        caps = Caps(*(amount_of(text, TRADED) for text in (per_call, per_day, per_seller or per_day)))
        desk = Desk(
            http,
            read_key(key),
            key,
            Wallet(state, caps),
            account,
            state,
            node,
            services,
            evidence_mb << 20,
        )
        open_server(desk).run("stdio")
