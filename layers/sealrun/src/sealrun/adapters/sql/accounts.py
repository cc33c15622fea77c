"""Prepaid accounts: what is committed on each, the leaves of its calls, what was signed, and its deposits."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, select, update

from sealrun.adapters.sql.schema import ACCOUNTS, DEPOSITS, DUES, LEAVES
from sealrun.adapters.sql.statements import add_new, put
from sealrun.errors import StoreUnavailable
from sealrun.money.dues import Due, DueLeaf, DueTree
from sealrun.money.vouchers import Deposits, Reserve, Standing, Voucher, concluded
from sealrun.runs.record import Record


def standing(db: Connection, account: str, *, lock: bool = False) -> Standing | None:
    """The account as it is now; ``lock`` locks it until the transaction ends."""
    query = select(ACCOUNTS).where(ACCOUNTS.c.account == account)
    row = db.execute(query.with_for_update() if lock else query).one_or_none()
    return _standing(row) if row else None


def reserve_price(db: Connection, record: Record, reserve: Reserve) -> None:
    """Add the price to what is committed, and keep the voucher of the highest limit (L1).

    Raises:
        NotCovered: limit or funds do not cover it.
        TooMany: too many calls wait for a proof.
        Refused: the account's first call was under other terms.
    """
    account = record.account
    before = standing(db, account, lock=True)
    if before is None and add_new(db, ACCOUNTS, _row(account, _reserved(reserve, None, record))):
        return
    before = before or standing(db, account, lock=True)  # another call opened it in between
    _change(db, account, _reserved(reserve, before, record))


def conclude(db: Connection, after: Record) -> None:
    """Make the price due or free it, and add the call's one leaf (A8)."""
    before = standing(db, after.account, lock=True)
    if before is None or after.ending is None:
        raise StoreUnavailable("database: expected the account of a paid call, got none")
    then, leaf = concluded(before, after)
    _change(db, after.account, then)
    row = {"account": after.account, "place": leaf.index, "leaf": _json(asdict(leaf)), "call": after.id}
    if not add_new(db, LEAVES, row):
        raise StoreUnavailable("database: expected no leaf at this place yet, got one")


def leaf(db: Connection, account: str, call_hash: int) -> DueLeaf | None:
    """The leaf of one of the account's calls."""
    query = select(LEAVES.c.leaf).where(LEAVES.c.account == account, LEAVES.c.call == f"{call_hash:064x}")
    stored = db.scalar(query)
    return _leaf(stored) if stored else None


def leaves(db: Connection, account: str, indices: Sequence[int]) -> list[DueLeaf]:
    """Those of these leaves that are there, in the order of the indices."""
    query = select(LEAVES).where(LEAVES.c.account == account, LEAVES.c.place.in_(indices))
    by_index = {row.place: _leaf(row.leaf) for row in db.execute(query)}
    return [by_index[index] for index in indices if index in by_index]


def keep_due(db: Connection, due: Due) -> None:
    """Keep a signed due under its number of leaves, by which ``settled`` looks it up."""
    account = due.account.to_base58()
    put(
        db,
        DUES,
        {"account": account, "leaves": due.count, "amount": str(due.amount), "root": str(due.root)},
    )


def settled(db: Connection, account: str, count: int) -> tuple[int, int] | None:
    """Amount and root of the due with that many leaves."""
    row = db.execute(select(DUES).where(DUES.c.account == account, DUES.c.leaves == count)).one_or_none()
    return (int(row.amount), int(row.root)) if row else None


def deposits(db: Connection, account: str, depth: int) -> Deposits:
    """The deposits that offers of this depth have seen so far."""
    query = select(DEPOSITS.c.deposits).where(DEPOSITS.c.account == account, DEPOSITS.c.depth == depth)
    stored = db.scalar(query)
    return Deposits(**json.loads(stored)) if stored else Deposits()


def note_deposits(db: Connection, account: str, depth: int, noted: Deposits) -> None:
    """Replace the deposits that offers of this depth have seen so far."""
    put(db, DEPOSITS, {"account": account, "depth": depth, "deposits": _json(noted.value())})


def _reserved(reserve: Reserve, before: Standing | None, record: Record) -> Standing:
    reserve.check_terms(before)
    reserve = reserve.beside(before)
    then = before or reserve.opened(record.offer_hash)
    reserve.check_room(then)
    return reserve.on(then)


def _change(db: Connection, account: str, then: Standing) -> None:
    values = _row(account, then)
    db.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(**values))


def _row(account: str, then: Standing) -> dict[str, Any]:
    return {
        "account": account,
        "offer": f"{then.offer_hash:064x}",
        "terms": f"{then.terms:064x}",
        "buyer": then.buyer,
        "voucher": _json(then.voucher._asdict()),
        "committed": str(then.committed),
        "calls": then.calls,
        "tree": _json(asdict(then.tree)),
    }


def _standing(row: Row[Any]) -> Standing:
    tree = json.loads(row.tree)
    return Standing(
        offer_hash=int(row.offer, 16),
        buyer=row.buyer,
        voucher=Voucher(**json.loads(row.voucher)),
        committed=int(row.committed),
        tree=DueTree(tree["count"], tree["due"], tuple(tree["filled"])),
        terms=int(row.terms, 16),
        calls=row.calls,
    )


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _leaf(text: str) -> DueLeaf:
    value = json.loads(text)
    return DueLeaf(**{**value, "nodes": tuple(value["nodes"])})
