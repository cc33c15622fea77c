"""Every call in a stack's table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.adapters.aws.dynamodb_keys import call_key
from sealrun_cli.lib.served_target import ServedTarget
from sealrun_cli.lib.target import Target, aws_errors

Folder = Annotated[Path, typer.Option("--folder", help="Where `.sealrun` is.", metavar="DIR")]


def all_calls(target: Target) -> Iterator[dict[str, Any]]:
    """Every call of the table, without what is the buyer's own."""
    if isinstance(target, ServedTarget):
        yield from target.calls()
        return
    names = {"ProjectionExpression": "#r", "ExpressionAttributeNames": {"#r": "record"}}
    values = {":call": call_key("")["pk"]}
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
