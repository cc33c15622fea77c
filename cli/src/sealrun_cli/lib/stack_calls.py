"""The newest calls of a stack's offers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mina import tokens
from sealrun.offers.asset import Asset, asset_of
from sealrun.runs.record import Record
from sealrun_cli.lib.target import Target

Folder = Annotated[Path, typer.Option("--folder", help="Where `.sealrun` is.", metavar="DIR")]


def newest_calls(target: Target, *, offer: str, most: int, unfinished: bool) -> list[dict[str, Any]]:
    """The newest calls of the offers whose id begins so, without what is the buyer's own."""
    ledger = target.offers
    sold = [each for each in ledger.published() if f"{each:064x}".startswith(offer)]
    calls = [call for each in sold for call in ledger.newest(each, most=most, unfinished=unfinished)]
    newest = sorted(calls, key=lambda call: -call.claimed_at)[:most]
    stored = [ledger.offer(each) for each in {call.offer_hash: None for call in newest}]
    named = {price.cost.asset.id: price.cost.asset for each in stored if each for price in each.offer.prices}
    return [_shown(call, named) for call in newest]


def _shown(call: Record, named: Mapping[str, Asset]) -> dict[str, Any]:
    asset = named.get(call.asset) or asset_of(tokens.from_base58(call.asset))
    return {"call": call.id, **call.shown(), **asset.members()}
