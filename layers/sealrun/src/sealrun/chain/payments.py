"""Payments in MINA as a Mina node tells them: who paid an address how much, with which memo, how deep.

A node keeps the last few hundred blocks. What is older is nobody's to tell here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mina.keys import PublicKey
from sealrun.chain.answers import OF_ANOTHER_FORM, check_synced, number, unreadable
from sealrun.errors import NodeUnavailable
from sealrun.offers.asset import MINA

# As many as a node keeps: k = 290.
MAX_BLOCKS = 290
# Plain payments, and the transactions that contracts' tools send.
_PLAIN = "userCommands{hash kind memo amount failureReason source{publicKey} receiver{publicKey}}"
_UPDATES = "accountUpdates{body{publicKey tokenId balanceChange{magnitude sgn}}}"
_COMMAND = f"zkappCommand{{memo feePayer{{body{{publicKey}}}} {_UPDATES}}}"
_ZKAPP = f"zkappCommands{{hash failureReason{{failures}} {_COMMAND}}}"


class Payment(NamedTuple):
    """One transaction that changed what an address has."""

    hash: str
    payer: PublicKey  # who signed it and paid its fee
    units: int  # nanomina that the address gained
    memo: str  # as the node writes it; see ``sealrun.calls.sale.memo_text``
    depth: int  # blocks on top of its own


def payments_query(blocks: int = MAX_BLOCKS, more: str = "") -> str:
    """The question for all transactions of the newest blocks; ``more`` is asked for with it."""
    return (
        f"{{syncStatus networkID bestChain(maxLength:{blocks}){{"
        f"protocolState{{consensusState{{blockHeight}}}} transactions{{{_PLAIN} {_ZKAPP}}}}} {more}}}"
    )


def payments_to(answer: Mapping[str, Any], address: PublicKey, *, network: str) -> list[Payment]:
    """What came to the address, in MINA, in transactions that were applied; the oldest block first.

    A transaction of contracts' tools counts only if it does nothing but pay: whoever buys credits of the
    address or settles with it makes it gain, too, and names in the memo whatever he likes.

    Args:
        answer: ``data`` of the answer to ``payments_query``.
        address: who was paid.
        network: that the node must be of.

    Raises:
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    check_synced(answer, network)
    try:
        told = [(_height(block), block["transactions"]) for block in _list(answer["bestChain"])]
        blocks = sorted(told, key=lambda each: each[0])
        newest = max((height for height, _ in blocks), default=0)
        found = [
            payment
            for height, transactions in blocks
            for payment in _payments(transactions, address.to_base58(), newest - height)
        ]
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    if len({each.hash for each in found}) != len(found):
        raise NodeUnavailable("node: expected each transaction once, got one twice")
    return found


def _payments(transactions: Mapping[str, Any], address: str, depth: int) -> Iterator[Payment]:
    for each in _list(transactions["userCommands"]):
        to, kind, failure = each["receiver"]["publicKey"], each["kind"], each["failureReason"]
        if to == address and kind == "PAYMENT" and failure is None:
            payer = PublicKey.from_base58(each["source"]["publicKey"])
            yield Payment(str(each["hash"]), payer, number(each["amount"]), str(each["memo"]), depth)
    for each in _list(transactions["zkappCommands"]):
        command = each["zkappCommand"]
        payer = command["feePayer"]["body"]["publicKey"]
        changes = _changes(command)
        gained = changes.get((address, MINA.id), 0)
        paid = {(payer, MINA.id): -gained, (address, MINA.id): gained}
        if gained > 0 and changes == paid and not each["failureReason"]:
            yield Payment(
                str(each["hash"]), PublicKey.from_base58(payer), gained, str(command["memo"]), depth
            )


def _changes(command: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """By how much a transaction changes what each account has, by address and token; the fee aside."""
    changes: Counter[tuple[str, str]] = Counter()
    for update in _list(command["accountUpdates"]):
        body, change = update["body"], update["body"]["balanceChange"]
        sign = {"Positive": 1, "Negative": -1}[change["sgn"]]
        changes[body["publicKey"], body["tokenId"]] += sign * number(change["magnitude"])
    return dict(changes)


def _height(block: Mapping[str, Any]) -> int:
    return number(block["protocolState"]["consensusState"]["blockHeight"])


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError("expected a list")
    return value
