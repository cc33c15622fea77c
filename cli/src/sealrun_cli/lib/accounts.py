"""Prepaid accounts: the operator's view of one, its terms, and how a result reads."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.keys import PrivateKey, PublicKey
from sealrun.money.buyer import sign_account_read
from sealrun_cli.lib.book import known_terms, terms_in
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service

READ_SECONDS = 300
DONE = {
    "already-settled": "already settled",
    "already-requested": "already asked for",
    "already-withdrawn": "already withdrawn",
    "already-paid": "already paid",
}
TermsFile = Annotated[
    Path | None,
    typer.Option("--terms", help="File of the terms, or of an offer; else what `open` kept.", metavar="FILE"),
]


def read_account(
    service: Service, url: str, account: str, key: PrivateKey, network: str, *, call: str = ""
) -> dict[str, Any]:
    """The account as the operator shows it to this key, which signs the request.

    Raises:
        CliError: the operator refuses, or its answer is about another account (C1).
    """
    try:
        address = PublicKey.from_base58(account)
    except ValueError as error:
        raise CliError("bad-request", f"account: {error}") from error
    until = int(time.time()) + READ_SECONDS
    right = sign_account_read(key, network, address, expires_at=until, service=url)
    query = f"?call={call}" if call else ""
    where = f"{url.rstrip('/')}/accounts/{account}"
    answer = service.get(f"{where}{query}", right)
    if answer.get("account") != account:
        raise CliError(
            "figure", f"{where}: expected account {account}, got {str(answer.get('account'))[:60]}"
        )
    return answer


def with_terms(account: str, file: Path | None, state: Path) -> dict[str, Any]:
    """The account and its terms, from the file or as `open` kept them."""
    terms = terms_in(file) if file else known_terms(state, account)
    if terms is None:
        raise CliError("bad-request", f"terms: expected those of {account}, got none", "give --terms FILE")
    return {"account": account, "terms": terms.value()}


def outcome(result: Mapping[str, Any], otherwise: str = "sent") -> str:
    return DONE.get(str(result["status"]), otherwise)
