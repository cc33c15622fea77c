"""``sealrun calls``: the calls of a stack, the newest first."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.offers.asset import TRADED
from sealrun_cli.lib import options
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.stack_calls import Folder, all_calls
from sealrun_cli.lib.target import DEFAULT_NAME, Name, find_target
from sealrun_cli.lib.units import when

OVER = ("succeeded", "failed", "never_started", "expired")


def calls(
    *,
    stack: Name = DEFAULT_NAME,
    folder: Folder = Path(),
    offer: Annotated[str, typer.Option(help="Only of the offer whose id begins so.")] = "",
    late: Annotated[bool, typer.Option("--late", help="Only those that are not over.")] = False,
    most: Annotated[int, typer.Option("--most", help="How many, the newest first.", min=1)] = 50,
    as_json: options.Json = False,
) -> None:
    """List the calls of a stack, the newest first.

    Reads the whole table: for people, not for programs that ask often.
    """
    with speaking(as_json=as_json) as out:
        matching = [call for call in all_calls(find_target(folder, stack)) if call["offer"].startswith(offer)]
        wanted = [call for call in matching if not late or call["state"] not in OVER]
        shown = sorted(wanted, key=lambda call: -int(call["claimed_at"]))[:most]
        lines = [_call_line(call) for call in shown] or ["no calls"]
        out.result({"calls": shown, "found": len(wanted)}, *lines)


def _call_line(call: dict[str, Any]) -> str:
    claimed = when(int(call["claimed_at"]))
    why = f": {call['reason']}" if call["reason"] else ""
    return f"{call['call'][:16]}…  {claimed}  {TRADED.of(call['price']):>10}  {call['state']}{why}"
