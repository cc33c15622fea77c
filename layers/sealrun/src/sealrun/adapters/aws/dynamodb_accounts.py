"""A prepaid account's items in the ledger's table: its standing, its leaves, statements and deposits.

``committed`` and ``limit`` are numbers of their own, because conditions compare them. Nothing here has a TTL:
what is owed is never removed (L1).
"""

import json
from dataclasses import asdict
from typing import Any

from sealrun.adapters.aws.dynamodb_keys import (
    ACCOUNTS,
    account_key,
    call_leaf_key,
    deposits_key,
    due_key,
    leaf_key,
    listed_in,
)
from sealrun.money.dues import Due, DueLeaf, DueTree
from sealrun.money.vouchers import Deposits, Reserve, Standing, Voucher
from sealrun.runs.record import Record

DAY = 24 * 3600


def standing(item: dict[str, Any]) -> Standing:
    """The account as the item has it."""
    tree = json.loads(item["tree"]["S"])
    return Standing(
        offer_hash=int(item["offer"]["S"], 16),
        buyer=item["buyer"]["S"],
        voucher=Voucher(**json.loads(item["voucher"]["S"])),
        committed=int(item["committed"]["N"]),
        tree=DueTree(tree["count"], tree["due"], tuple(tree["filled"])),
        terms=int(item["terms"]["S"], 16) if "terms" in item else 0,
    )


def opening(record: Record, reserve: Reserve) -> dict[str, Any]:
    """The item of an account's first call."""
    first, offer = reserve.on(reserve.opened(record.offer_hash)), f"{record.offer_hash:064x}"
    return {
        **account_key(record.account),
        "listed_in": {"S": listed_in(ACCOUNTS, offer)},
        "claimed_at": {"N": str(record.claimed_at)},
        "offer": {"S": offer},
        "terms": {"S": f"{first.terms:064x}"},
        "buyer": {"S": first.buyer},
        "voucher": {"S": _text(asdict(first.voucher))},
        "limit": {"N": str(first.voucher.limit)},
        "committed": {"N": str(first.committed)},
        "count": {"N": "0"},
        "tree": {"S": _text(asdict(first.tree))},
    }


def reserving(account: str, reserve: Reserve, before: Standing) -> dict[str, Any]:
    """Add the price while ``committed`` is at most what limit and funds cover; keep the higher limit."""
    values = {":price": reserve.price, ":most": reserve.most, ":limit": reserve.voucher.limit}
    update: dict[str, Any] = {
        "Key": account_key(account),
        "UpdateExpression": "SET committed = committed + :price",
        "ConditionExpression": "committed <= :most AND #limit >= :limit",
        "ExpressionAttributeNames": {"#limit": "limit"},
        "ExpressionAttributeValues": {name: {"N": str(value)} for name, value in values.items()},
    }
    if reserve.voucher.limit > before.voucher.limit:
        update["UpdateExpression"] += ", #limit = :limit, voucher = :voucher"
        update["ConditionExpression"] = "committed <= :most AND #limit < :limit"
        update["ExpressionAttributeValues"][":voucher"] = {"S": _text(asdict(reserve.voucher))}
    return update


def concluding(account: str, before: Standing, after: Standing) -> dict[str, Any]:
    """Move a price to what is due, or free it; only from the number of leaves that was read."""
    freed = before.committed - after.committed
    values = {":freed": freed, ":count": before.tree.count, ":next": after.tree.count}
    numbers = {name: {"N": str(value)} for name, value in values.items()}
    return {
        "Key": account_key(account),
        # Claims change ``committed`` meanwhile, so what is freed is taken off and nothing is written over.
        "UpdateExpression": "SET committed = committed - :freed, #count = :next, tree = :tree",
        "ConditionExpression": "#count = :count",
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": {**numbers, ":tree": {"S": _text(asdict(after.tree))}},
    }


def leaf_item(account: str, leaf: DueLeaf) -> dict[str, Any]:
    """The item of one leaf with its nodes."""
    return {**leaf_key(account, leaf.index), "leaf": {"S": _text(asdict(leaf))}}


def call_leaf_item(account: str, leaf: DueLeaf) -> dict[str, Any]:
    """The item that finds the leaf again by its call."""
    return {**call_leaf_key(account, leaf.call_hash), "leaf": {"N": str(leaf.index)}}


def leaf(item: dict[str, Any]) -> DueLeaf:
    """The leaf as the item has it."""
    value = json.loads(item["leaf"]["S"])
    return DueLeaf(**{**value, "nodes": tuple(value["nodes"])})


def due_item(due: Due) -> dict[str, Any]:
    """Due and signed root, found again by the number of leaves."""
    key = due_key(due.account.to_base58(), due.count)
    return {**key, "amount": {"N": str(due.amount)}, "root": {"S": str(due.root)}}


def deposits_item(account: str, depth: int, deposits: Deposits) -> dict[str, Any]:
    """The item of the deposits that were seen on chain, and since when."""
    return {**deposits_key(account, depth), "deposits": {"S": _text(deposits.value())}}


def deposits(item: dict[str, Any] | None) -> Deposits:
    """The deposits that were seen so far."""
    return Deposits(**json.loads(item["deposits"]["S"])) if item else Deposits()


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
