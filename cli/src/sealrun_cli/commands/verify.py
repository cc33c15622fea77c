"""``sealrun verify``: check a receipt and its evidence offline, claim by claim."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sealrun_cli.lib import issuer_keys as keys_option
from sealrun_cli.lib import options
from sealrun_cli.lib.gateway import with_gateway
from sealrun_cli.lib.issuer_keys import read_keys
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.token_proofs import program
from sealrun_cli.lib.verifying import (
    BROKEN,
    check_beside,
    find_evidence,
    lines,
    receipt_in,
    value,
    verify_file,
)


def verify(
    place: Annotated[
        Path, typer.Argument(help="An evidence folder, or a receipt's file.", metavar="FOLDER_OR_FILE")
    ],
    *,
    evidence: Annotated[
        Path | None,
        typer.Option(help="The evidence folder; else looked for beside the file.", metavar="DIR"),
    ] = None,
    oracle: Annotated[str, typer.Option(help="The oracle's address, as the offer names it.")] = "",
    rerun_oracle: Annotated[
        list[str] | None,
        typer.Option(help="An oracle that you consider independent of the first.", metavar="ADDRESS"),
    ] = None,
    issuer_keys: keys_option.File = None,
    unsafe_loopback: keys_option.Unsafe = False,
    gateway: Annotated[
        str, typer.Option(help="An IPFS gateway for public items that are not here.", metavar="URL")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every claim in a table.")] = False,
    as_json: options.Json = False,
) -> None:
    """Check a receipt and its evidence offline.

    Says first whether it holds, then what it is worth, then what is broken. Status 0 only if nothing that is
    claimed is broken.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        file = receipt_in(place)
        folder = evidence or find_evidence(file)
        keys = read_keys(issuer_keys, unsafe_loopback=unsafe_loopback)
        more = partial(with_gateway, gateway=gateway, service=Service(http)) if gateway else None
        others = tuple(rerun_oracle or ())
        with out.counting("verifying") as tell:
            verified = verify_file(
                file, folder, oracle, keys, others, more=more, progress=tell, proof_holds=program(out)
            )
        if place.is_dir() and evidence is None:
            verified = verified.with_more(check_beside(place, folder))
        shown = lines(verified, folder, verbose=verbose)
        out.result({**value(verified), "evidence": str(folder) if folder else None}, *shown)
    if not verified.holds:
        raise typer.Exit(BROKEN)
