"""``sealrun status`` and ``sealrun calls``: what a stack sells, and what became of its calls."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli import options
from sealrun_cli.output import mina, speaking
from sealrun_cli.target import DEFAULT_NAME, Name, Target, aws_errors, find_target

Folder = Annotated[Path, typer.Option("--folder", help="Where `.sealrun` is.", metavar="DIR")]
PREFIX = "call#"
OVER = ("succeeded", "failed", "never_started", "expired")


def status(
    *,
    stack: Name = DEFAULT_NAME,
    folder: Folder = Path(),
    as_json: options.Json = False,
) -> None:
    """Show a stack: its offers, open or not and why, its calls by state, its oracle keys."""
    with speaking(as_json=as_json) as out:
        target = find_target(folder, stack)
        table = target.offers
        found = [stored for each in table.published() if (stored := table.offer(each)) is not None]
        states = Counter(call["state"] for call in all_calls(target))
        oracle_keys = sorted(target.oracle_keys()) if target.local else []
        value = {
            "stack": target.name,
            "url": target.url,
            "ledger": target.ledger,
            "offers": [_value(stored, target) for stored in found],
            "calls": dict(states),
            "oracle_keys": oracle_keys,
        }
        lines = [f"{target.name}: {target.url}", *(_line(stored) for stored in found)]
        counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"
        out.result(value, *lines, f"calls: {counted}")


def calls(
    *,
    stack: Name = DEFAULT_NAME,
    folder: Folder = Path(),
    offer: Annotated[str, typer.Option(help="Only of the offer whose id begins so.")] = "",
    late: Annotated[bool, typer.Option("--late", help="Only those that are not over.")] = False,
    most: Annotated[int, typer.Option("--most", help="How many, the newest first.", min=1)] = 50,
    as_json: options.Json = False,
) -> None:
    """List calls, the newest first. Reads the whole table: for operators, not for programs."""
    with speaking(as_json=as_json) as out:
        found = [call for call in all_calls(find_target(folder, stack)) if call["offer"].startswith(offer)]
        wanted = [call for call in found if not late or call["state"] not in OVER]
        shown = sorted(wanted, key=lambda call: -int(call["claimed_at"]))[:most]
        lines = [_call_line(call) for call in shown] or ["no calls"]
        out.result({"calls": shown, "found": len(wanted)}, *lines)


def all_calls(target: Target) -> Iterator[dict[str, Any]]:
    """Every call of the table, without what is the buyer's own."""
    names = {"ProjectionExpression": "#r", "ExpressionAttributeNames": {"#r": "record"}}
    values = {":call": {"S": PREFIX}}
    with aws_errors():
        pages = target.client("dynamodb").get_paginator("scan")
        for page in pages.paginate(
            TableName=target.table,
            FilterExpression="begins_with(pk, :call)",
            ExpressionAttributeValues=values,
            **names,
        ):
            yield from (_call(json.loads(item["record"]["S"])) for item in page["Items"])


def _call(record: dict[str, Any]) -> dict[str, Any]:
    ending = record["ending"] or {}
    return {
        "call": f"{record['call_hash']:064x}",
        "offer": f"{record['offer_hash']:064x}",
        "account": record["account"],
        "state": record["state"],
        "price": str(record["price"]),
        "claimed_at": record["claimed_at"],
        "reason": ending.get("reason", ""),
        "run": record["run_url"] or None,
    }


def _value(stored: StoredOffer, target: Target) -> dict[str, Any]:
    offer = stored.offer
    return {
        "offer": offer.id,
        "url": f"{target.url}/offers/{offer.id}",
        "title": offer.title,
        "price": str(offer.price),
        "oracle": offer.oracle,
        "closed": stored.closed,
        "suspended": stored.suspended,
        "paused": stored.paused,
    }


def _line(stored: StoredOffer) -> str:
    return f"  {stored.offer.id[:16]}…  {mina(stored.offer.price):>10}  {state_of(stored)}"


def state_of(stored: StoredOffer) -> str:
    """Open, or why it takes no call now, and who says so."""
    return f"{stored.state}: {stored.reason}" if stored.reason else stored.state


def _call_line(call: dict[str, Any]) -> str:
    when = datetime.fromtimestamp(int(call["claimed_at"]), UTC).strftime("%Y-%m-%d %H:%M:%S")
    why = f": {call['reason']}" if call["reason"] else ""
    return f"{call['call'][:16]}…  {when}  {mina(call['price']):>10}  {call['state']}{why}"
