"""The newest calls of a stack's offers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.runs.record import Record
from sealrun_cli.lib.target import Target

Folder = Annotated[Path, typer.Option("--folder", help="Where `.sealrun` is.", metavar="DIR")]


def newest_calls(target: Target, *, offer: str, most: int, unfinished: bool) -> list[dict[str, Any]]:
    """The newest calls of the offers whose id begins so, without what is the buyer's own."""
    ledger = target.offers
    sold = [each for each in ledger.published() if f"{each:064x}".startswith(offer)]
    calls = [call for each in sold for call in ledger.newest(each, most=most, unfinished=unfinished)]
    return [_shown(call) for call in sorted(calls, key=lambda call: -call.claimed_at)[:most]]


def _shown(call: Record) -> dict[str, Any]:
    return {"call": call.id, **call.shown()}
