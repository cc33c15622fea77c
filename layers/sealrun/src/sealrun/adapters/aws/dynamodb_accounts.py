"""A prepaid account's items in the ledger's table: its standing, its leaves, statements and deposits.

``committed``, ``calls`` and ``limit`` are numbers of their own, because conditions compare them. Nothing here
has a TTL: what is owed is never removed (L1).
"""

import json
from base64 import b64decode, b64encode
from typing import Any

from sealrun.adapters.aws.dynamodb_change import Change, number, older
from sealrun.adapters.aws.dynamodb_keys import (
    ACCOUNTS,
    account_key,
    deposits_key,
    due_key,
    leaf_key,
    listed_in,
)
from sealrun.money.dues import DEPTH, Due, DueLeaf, DueTree
from sealrun.money.vouchers import Deposits, Reserve, Standing, Voucher
from sealrun.runs.record import Record
from sealrun.values import asdict

DAY = 24 * 3600
# The attributes of days begin so, and how many past ones stay: a call counts on the day of its claim.
DAYS, KEPT_DAYS = "d", 2


def standing(item: dict[str, Any]) -> Standing:
    """The account as the item has it."""
    return Standing(
        offer_hash=int(item["offer"]["S"], 16),
        buyer=item["buyer"]["S"],
        voucher=Voucher(**json.loads(item["voucher"]["S"])),
        committed=int(item["committed"]["N"]),
        tree=read_tree(item["tree"]["S"]),
        terms=int(item["terms"]["S"], 16) if "terms" in item else 0,
        calls=number(item, "calls"),
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
        "voucher": {"S": _text(first.voucher._asdict())},
        "limit": {"N": str(first.voucher.limit)},
        "committed": {"N": str(first.committed)},
        "calls": {"N": str(first.calls)},
        "count": {"N": "0"},
        "tree": {"S": tree_text(first.tree)},
        _day(record): {"N": "1"},
    }


def reserving(record: Record, reserve: Reserve, item: dict[str, Any]) -> dict[str, Any]:
    """Add the price while ``committed`` is at most what limit and funds cover; keep the higher limit.

    The call counts among those of its day that failed or are not over (L7). ``item`` is the account as it is.
    """
    day, before = record.claimed_at // DAY, standing(item)
    higher = reserve.voucher.limit > before.voucher.limit
    change = (
        Change(account_key(record.account))
        .add("committed", reserve.price)
        .add("calls", 1)
        .add(_day(record), 1)
        .remove(older(item, DAYS, day - KEPT_DAYS))
        .below(_day(record), reserve.failed_per_day)
        .compared("committed", "<=", reserve.most)
        .compared("limit", "<" if higher else ">=", reserve.voucher.limit)
    )
    if reserve.most_calls is not None:
        change.below("calls", reserve.most_calls)
    if higher:
        change.put("limit", reserve.voucher.limit).put("voucher", _text(reserve.voucher._asdict()))
    return change.request()


def failed_today(record: Record, item: dict[str, Any]) -> int:
    """The account's runs of the call's day that failed or are not over."""
    return number(item, _day(record))


def concluding(after: Record, before: Standing, then: Standing) -> dict[str, Any]:
    """Move a price to what is due, or free it; only from the number of leaves that was read."""
    # Claims change ``committed`` meanwhile, so what is freed is taken off and nothing is written over.
    change = (
        Change(account_key(after.account))
        .add("committed", then.committed - before.committed)
        .add("calls", then.calls - before.calls)
        .put("count", then.tree.count)
        .put("tree", tree_text(then.tree))
        .compared("count", "=", before.tree.count)
    )
    return (change if after.counts_as_failed else change.add(_day(after), -1)).request()


def _day(record: Record) -> str:
    return f"{DAYS}{record.claimed_at // DAY}"


def tree_text(tree: DueTree) -> str:
    """The tree as JSON: of its nodes those that wait, in base 64 by their level."""
    filled = {
        level: b64encode(node.to_bytes(32, "big")).decode() for level, node in enumerate(tree.filled) if node
    }
    return _text({"count": tree.count, "due": tree.due, "filled": filled})


def read_tree(text: str) -> DueTree:
    """The tree back from what ``tree_text`` wrote."""
    tree = json.loads(text)
    filled = {int(level): int.from_bytes(b64decode(node), "big") for level, node in tree["filled"].items()}
    return DueTree(tree["count"], tree["due"], tuple(filled.get(level, 0) for level in range(DEPTH)))


def leaf_item(account: str, leaf: DueLeaf) -> dict[str, Any]:
    """The item of one leaf with its nodes."""
    return {**leaf_key(account, leaf.index), "leaf": {"S": _text(asdict(leaf))}}


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
