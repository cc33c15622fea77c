"""``sealrun key``: show the address of a key, or make a new key."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import STDIN, make_key, read_key
from sealrun_cli.lib.options import Json
from sealrun_cli.lib.output import speaking


def key(
    file: Annotated[str, typer.Argument(help="File of a private key; - for stdin.")],
    *,
    new: Annotated[bool, typer.Option("--new", help="Make a fresh key; the file must not exist.")] = False,
    as_json: Json = False,
) -> None:
    """Show the address of a key, or make a new key.

    A name without a folder is a file in .sealrun, a folder for you alone that git ignores, unless such a file
    is here already.
    """
    with speaking(as_json=as_json) as out:
        if new and file == STDIN:
            raise CliError("bad-request", "key: expected a file for the new key, got stdin")
        private = make_key(Path(file), out) if new else read_key(file)
        address = private.public_key().to_base58()
        out.result({"address": address}, address)
