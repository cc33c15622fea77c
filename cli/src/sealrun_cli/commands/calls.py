"""``sealrun calls``: the calls of a stack, the newest first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.offers.asset import Asset
from sealrun.ports.calls import LISTED
from sealrun_cli.lib import options
from sealrun_cli.lib.credit_desk import counted
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.stack_calls import Folder, newest_calls
from sealrun_cli.lib.target import DEFAULT_NAME, Name, find_target
from sealrun_cli.lib.units import when


def calls(
    *,
    stack: Name = DEFAULT_NAME,
    folder: Folder = Path(),
    offer: Annotated[str, typer.Option(help="Only of the offer whose id begins so.")] = "",
    late: Annotated[bool, typer.Option("--late", help="Only those that are not over.")] = False,
    most: Annotated[int, typer.Option("--most", help="How many, the newest first.", min=1, max=LISTED)] = 50,
    as_json: options.Json = False,
) -> None:
    """List the calls of a stack, the newest first.

    Then the accounts that pay for the good ones: `sealrun settle` wants to know them.
    """
    with speaking(as_json=as_json) as out:
        shown = newest_calls(find_target(folder, stack), offer=offer, most=most, unfinished=late)
        lines = call_lines(shown) or ["no calls"]
        out.result({"calls": shown}, *lines, *account_lines(shown))


def account_lines(shown: Sequence[Mapping[str, Any]]) -> list[str]:
    """The accounts that pay for these calls, which `sealrun settle` wants to know; not what is settled."""
    good = Counter(call["account"] for call in shown if call["state"] == "succeeded" and int(call["price"]))
    return [f"account  {account}: {counted(count, 'good run')}" for account, count in good.items()]


def call_lines(shown: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each call; the ids of tokens stand there where two of them have one symbol."""
    symbols = Counter(symbol for symbol, _ in {(call["symbol"], call["asset"]) for call in shown})
    return [_call_line(call, with_id=symbols[call["symbol"]] > 1) for call in shown]


def _call_line(call: Mapping[str, Any], *, with_id: bool) -> str:
    claimed, asset = when(int(call["claimed_at"])), call["asset"]
    why = f": {call['reason']}" if call["reason"] else ""
    price = Asset(asset, call["symbol"], "", call["decimals"]).of(call["price"])
    token = f" (token {asset[:12]}…)" if with_id else ""
    return f"{call['call'][:16]}…  {claimed}  {price:>10}{token}  {call['state']}{why}"
