"""Files that the buyer's page saves: what a wallet signed there, for this command to prove and to send.

A file holds no key. Whoever has it can only do what its buyer signed: leave the account, or pay the buyer.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.signature import Signature
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.offers.terms import MAX_UINT32, Terms
from sealrun_cli.lib.errors import CliError

EXIT, WITHDRAWAL = "exit", "withdrawal"
# What the page saves has about a thousand bytes.
MAX_BYTES = 1 << 14
FORM = 1
# What is signed beside the account.
_SIGNED = {EXIT: "latest", WITHDRAWAL: "amount"}
Account = Annotated[
    str, typer.Argument(help="Address of the prepaid account; --signed names it, too.", metavar="[ACCOUNT]")
]
SignedFile = Annotated[
    Path | None,
    typer.Option(
        "--signed",
        help="What a wallet signed on the buyer's page. Any key pays the fee.",
        metavar="FILE",
    ),
]


def signed_request(path: Path, kind: str, account: str) -> dict[str, Any]:
    """What the contracts' tool asks for, out of a file that the page saved.

    Not checked: the signature. The tool compares it with the buyer that the chain names.

    Args:
        path: the file.
        kind: ``EXIT`` or ``WITHDRAWAL``.
        account: the account that was named beside the file; empty for none.

    Raises:
        CliError: the file is none of this kind, or of another account.
    """
    signed = _SIGNED[kind]
    try:
        with path.open("rb") as file:
            content = parse_object(file.read(MAX_BYTES + 1), at_most=MAX_BYTES)
        value = read.only(
            content, ("sealrun", "kind", "account", "terms", signed, "signature"), where=path.name
        )
        read.whole(value, "sealrun", low=FORM, high=FORM)
        read.one_of(value, "kind", (kind,))
        address = read.public_key(value, "account").to_base58()
        request = {
            "account": address,
            "terms": Terms.parse(value["terms"]).value(),
            signed: _latest(value) if kind == EXIT else _amount(value),
            "signature": _signature(value["signature"]),
        }
    except Malformed as error:
        raise CliError("bad-request", f"{path}: expected what the page saved, got {error.detail}") from error
    if account not in ("", address):
        raise CliError("wrong-account", f"{path}: expected account {account}, got {address}")
    return request


def _latest(value: Mapping[str, Any]) -> int:
    return read.whole(value, "latest", low=1, high=MAX_UINT32)


def _amount(value: Mapping[str, Any]) -> str:
    return str(read.decimal(value, "amount", high=MAX_UINT64))


def _signature(value: object) -> str:
    try:
        return Signature.from_base58(str(value)).to_base58()
    except ValueError as error:
        raise Malformed("signature: expected a base58 signature, got another text") from error
