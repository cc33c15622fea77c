"""Prepaid accounts: the operator's view of one, its terms, and how a result reads."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from mina.keys import PrivateKey, PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.errors import Malformed
from sealrun.money.buyer import sign_account_read, sign_calls_read
from sealrun.offers.asset import Amount, Asset
from sealrun.offers.prices import named_asset
from sealrun.offers.terms import SHARE_UNIT, Terms
from sealrun_cli.lib.book import known_terms, terms_in
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.units import slots

READ_SECONDS = 300
# A page has fifty calls with their receipts.
MAX_PAGE_BYTES = 4 << 20
MOST_CALLS = 1000
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
    service: Service,
    url: str,
    account: str,
    key: PrivateKey,
    network: str,
    *,
    call: str = "",
    after: str | None = None,
) -> dict[str, Any]:
    """The account as the operator shows it to this key, which signs the request.

    ``after`` asks for another page of the calls of an account that proofs settle.

    Raises:
        CliError: the operator refuses, or its answer is about another account (C1).
    """
    until = int(time.time()) + READ_SECONDS
    right = sign_account_read(key, network, _address(account), expires_at=until, service=url)
    asked = {**({"call": call} if call else {}), **({"after": after} if after else {})}
    query = f"?{urlencode(asked)}" if asked else ""
    where = f"{url.rstrip('/')}/accounts/{account}"
    return _of_account(service.get(f"{where}{query}", right, at_most=MAX_PAGE_BYTES), account, where)


def read_calls(
    service: Service, url: str, account: str, key: PrivateKey, network: str, *, most: int
) -> list[dict[str, Any]]:
    """The account's newest calls as the operator lists them to its buyer, whose key signs one right for all.

    Raises:
        CliError: the operator refuses, or its answer is about another account, or of no form (C1).
    """
    right = sign_calls_read(
        key, network, _address(account), expires_at=int(time.time()) + READ_SECONDS, service=url
    )
    where = f"{url.rstrip('/')}/accounts/{account}/calls"
    calls: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None and len(calls) < most:
        query = urlencode({"network": network, **({"after": after} if after else {})})
        page = _of_account(service.get(f"{where}?{query}", right, at_most=MAX_PAGE_BYTES), account, where)
        found, after = _listed(page)
        if not found:
            break
        calls += found
    return calls[:most]


def _listed(page: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    calls, following = page.get("calls"), page.get("next")
    if not isinstance(calls, list) or not isinstance(following, str | None):
        raise Malformed("calls: expected a list and the next page's place, got something else")
    names = ("call", "title", "state", "claimed_at", "price", "asset", "decimals", "symbol")
    return [read.with_others(call, names, where="call") for call in calls], following


def price_of(call: Mapping[str, Any]) -> Amount:
    """What a listed call costs, in the asset that its service names beside it.

    Raises:
        Malformed: it is no amount, or names no asset.
    """
    asset = named_asset(call)
    return asset.of(read.decimal(call, "price", high=MAX_UINT64))


def shown_asset(answer: Mapping[str, Any]) -> Asset:
    """What the amounts of an operator's answer about an account are of, as the operator names it.

    Raises:
        Malformed: the terms are malformed, or the names.
    """
    asset = Terms.parse(answer.get("terms")).asset
    names = {name: answer[name] for name in ("decimals", "symbol") if name in answer}
    return named_asset({"asset": asset.id, **names}) if names else asset


def _of_account(answer: dict[str, Any], account: str, where: str) -> dict[str, Any]:
    if answer.get("account") != account:
        raise CliError(
            "figure", f"{where}: expected account {account}, got {str(answer.get('account'))[:60]}"
        )
    return answer


def _address(account: str) -> PublicKey:
    try:
        return PublicKey.from_base58(account)
    except ValueError as error:
        raise CliError("bad-request", f"account: {error}") from error


def told_terms(terms: Terms) -> list[str]:
    """Who takes money out of an account of these terms, and how long its buyer waits for what is left."""
    share = 100 * terms.operator_share / SHARE_UNIT
    return [
        f"seller {terms.seller.to_base58()}, operator's share {share:g} %",
        f"exit delay {slots(terms.exit_delay)}",
    ]


def with_terms(account: str, file: Path | None, state: Path) -> dict[str, Any]:
    """The account and its terms, from the file or as `open` kept them."""
    terms = terms_in(file) if file else known_terms(state, account)
    if terms is None:
        raise CliError("bad-request", f"terms: expected those of {account}, got none", "give --terms FILE")
    return {"account": account, "terms": terms.value()}


def outcome(result: Mapping[str, Any], otherwise: str = "sent") -> str:
    return DONE.get(str(result["status"]), otherwise)
