"""The keys of the CI's issuer that a verifier saved, as its own ``/oauth/discovery/keys`` served them."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun.encoding.json_limits import parse_object
from sealrun.receipts.issuers import PinnedKeys
from sealrun_cli.lib.errors import CliError

MAX_BYTES = 64 << 10
File = Annotated[
    Path | None,
    typer.Option("--issuer-keys", help="The CI issuer's keys (JWKS), as you saved them.", metavar="FILE"),
]
Unsafe = Annotated[
    bool,
    typer.Option(
        "--unsafe-loopback",
        help="Let an issuer on 127.0.0.1 count: a local stack's.",
        envvar="SEALRUN_UNSAFE_LOOPBACK",
    ),
]


def read_keys(file: Path | None, *, unsafe_loopback: bool) -> PinnedKeys:
    """The keys of the file; none without a file.

    Raises:
        CliError: the file is no JSON Web Key Set.
    """
    if file is None:
        return PinnedKeys((), unsafe_loopback)
    with file.open("rb") as opened:
        keys = parse_object(opened.read(MAX_BYTES + 1), at_most=MAX_BYTES).get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        detail = f"{file}: expected a JSON Web Key Set, got something else"
        raise CliError("file", detail, "save the issuer's /oauth/discovery/keys as it is")
    return PinnedKeys(tuple(keys), unsafe_loopback)
