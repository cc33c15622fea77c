"""The ledger's view of a prepaid account, and the reserve of a call on it.

Amounts are in the smallest unit of the account's asset.

``committed`` is what is due and what is pending, as one number: a store compares it with a constant in the
same step in which it adds the price, so parallel calls never pass the limit or the deposit (L1). ``calls``
are counted likewise, where only so many may wait for their proof (A16).
"""

from typing import Any, NamedTuple

from sealrun.errors import AccountRefused, NotCovered, TooMany
from sealrun.money.dues import DueLeaf, DueTree
from sealrun.offers.asset import TRADED, Asset, in_full
from sealrun.offers.terms import PROVE_CALL_SECONDS
from sealrun.receipts.receipt import SignedReceipt
from sealrun.runs.record import Record, State
from sealrun.values import dataclass, field, replace


class Voucher(NamedTuple):
    """The buyer's signature in a call: pay up to ``limit`` in total."""

    limit: int
    call_hash: int
    signature: str  # base58

    def value(self) -> dict[str, str]:
        """As JSON, for whoever settles and for the buyer's own client."""
        return {"limit": str(self.limit), "callHash": str(self.call_hash), "signature": self.signature}


@dataclass(frozen=True)
class Standing:
    """One account in the ledger, from its first claim on."""

    offer_hash: int  # of the first call, which another stack of these terms may have taken (A3)
    buyer: str
    voucher: Voucher  # of the highest limit
    committed: int = 0
    tree: DueTree = field(default_factory=DueTree)
    terms: int = 0  # their hash
    calls: int = 0  # that were good or are not over, settled or not

    @property
    def due(self) -> int:
        """What good runs cost so far."""
        return self.tree.due

    @property
    def pending(self) -> int:
        """What running calls may still cost."""
        return self.committed - self.due


@dataclass(frozen=True)
class Reserve:
    """The reserve of one call, and the bounds that the store must keep."""

    price: int
    voucher: Voucher
    buyer: str
    funds: int  # the total that the account can pay
    failed_per_day: int
    in_any_order: bool = False  # a higher limit that was kept before covers this call too
    terms: int = 0  # the hash of those that the account was seen to have
    asset: Asset = TRADED  # what the amounts are in
    settled: int = 0  # calls that proofs settled, as the chain shows it
    unsettled: int | None = None  # this many more, and no call on top of them; None for any number

    def beside(self, before: Standing | None) -> "Reserve":
        """With the limit that covers it on the account as it is now."""
        if before is None or not self.in_any_order:
            return self
        return replace(self, voucher=max(self.voucher, before.voucher, key=lambda voucher: voucher.limit))

    @property
    def most(self) -> int:
        """The highest ``committed`` before this call under which it is covered (L1)."""
        return min(self.voucher.limit, self.funds) - self.price

    def check_terms(self, standing: Standing | None) -> None:
        """The account is used under the terms of its first call: amounts of two assets never add up (A3).

        One address can hold an account in each token, under terms of its own; the ledger keeps one standing.

        Raises:
            AccountRefused: its first call was under others.
        """
        if standing is not None and standing.terms != self.terms:
            raise AccountRefused(
                f"account: expected the terms of its first call here, {standing.terms:064x}, got "
                f"{self.terms:064x}; open another account"
            )

    @property
    def most_calls(self) -> int | None:
        """``calls`` must be below it before this call; None for any number (A16)."""
        return None if self.unsettled is None else self.settled + self.unsettled

    def check_room(self, standing: Standing) -> None:
        """The account has room for this call; a store compares the same again in the step that reserves.

        Raises:
            NotCovered: what is committed leaves no room for the price.
            TooMany: too many calls wait for a proof.
        """
        if standing.committed > self.most:
            units = (standing.committed, self.most)
            expected, got = (in_full(self.asset.of(each + self.price)) for each in units)
            raise NotCovered(f"limit and funds: expected at least {expected}, got {got}")
        self.check_calls(standing)

    def check_calls(self, standing: Standing) -> None:
        """Its seller could still prove all calls of the account, and this one, if the buyer left now (A16).

        Raises:
            TooMany: it could not.
        """
        if self.most_calls is not None and standing.calls >= self.most_calls:
            raise TooMany(
                f"account: expected fewer than {self.unsettled} calls that no proof has settled, got "
                f"{standing.calls - self.settled}; its exit delay leaves no time to prove more. Its seller "
                "has to run `sealrun prove` and `sealrun settle` first",
                retry_after=PROVE_CALL_SECONDS,
            )

    def opened(self, offer_hash: int) -> Standing:
        """The standing of an account at its first call, before the price is added."""
        return Standing(offer_hash, self.buyer, self.voucher, terms=self.terms)

    def on(self, standing: Standing) -> Standing:
        """The account with this call on it; whoever calls has compared ``committed`` with ``most``."""
        highest = max(standing.voucher, self.voucher, key=lambda voucher: voucher.limit)
        committed, calls = standing.committed + self.price, standing.calls + 1
        return replace(standing, committed=committed, calls=calls, voucher=highest)


def concluded(standing: Standing, record: Record) -> tuple[Standing, DueLeaf]:
    """The account once the call is over: its price is due, or its reserve is free; one leaf either way (A8).

    Raises:
        ValueError: the call is not over, or has no receipt.
    """
    if not record.state.over or record.receipt is None:
        raise ValueError("record: expected a call that is over, got one that is not")
    receipt = SignedReceipt.parse(dict(record.receipt)).receipt
    good = record.state is State.SUCCEEDED
    paid = record.price if good else 0
    tree, leaf = standing.tree.add(call_hash=record.call_hash, receipt_hash=receipt.hash, price_due=paid)
    committed, calls = standing.committed - record.price + paid, standing.calls - (not good)
    return replace(standing, committed=committed, calls=calls, tree=tree), leaf


class Deposits(NamedTuple):
    """How much money was seen on an account since which block: two steps, the deeper one first (A5)."""

    funds: int = 0
    height: int = 0
    newer_funds: int = 0
    newer_height: int = 0

    def seen(self, funds: int, *, height: int, depth: int) -> "Deposits":
        """After one more look. A withdrawn deposit no longer counts; a recent one does not count yet."""
        low = min(self.funds, funds)
        newer = min(self.newer_funds, funds)
        if height - self.newer_height >= depth:
            # The newer step is deep enough: it is the only one, and the next deposit begins a new one.
            if funds > newer:
                return Deposits(newer, self.newer_height, funds, height)
            return Deposits(newer, self.newer_height, newer, self.newer_height)
        return Deposits(low, self.height, newer, self.newer_height)

    def deep(self, *, height: int, depth: int) -> int:
        """What lies at least ``depth`` blocks deep."""
        steps = ((self.newer_funds, self.newer_height), (self.funds, self.height))
        return max((funds for funds, since in steps if height - since >= depth), default=0)

    def value(self) -> dict[str, Any]:
        """As numbers by name."""
        return self._asdict()
