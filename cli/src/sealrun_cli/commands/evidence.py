"""``sealrun evidence``: fetch what a call left, and verify it."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun_cli.lib import options
from sealrun_cli.lib.evidence import fetch
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.verifying import BROKEN


def evidence(
    call: Annotated[str, typer.Argument(help="https://.../calls/ID", metavar="CALL_URL")],
    *,
    to: Annotated[Path, typer.Option(help="Folder for the evidence.", metavar="DIR")],
    key: Annotated[
        str, typer.Option(help="Buyer's private key, for what only the buyer may see.", metavar="FILE")
    ] = "",
    gateway: Annotated[
        str, typer.Option(help="An IPFS gateway to fetch public files from, by their CIDs.", metavar="URL")
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Fetch the evidence of a call that is over, and verify it. Correct files that are there stay."""
    with speaking(as_json=as_json) as out, open_client() as http:
        buyer = read_key(key) if key else None
        value, lines = fetch(Service(http), call, to, buyer=buyer, out=out, gateway=gateway)
        out.result(value, *lines)
    if not value["holds"]:
        raise typer.Exit(BROKEN)
