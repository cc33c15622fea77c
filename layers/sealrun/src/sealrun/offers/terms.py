"""Terms: who is paid, in what, and on whose word. One set serves many offers, an account is of one."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mina.field import P
from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import NETWORKS, network_field, tagged_hash
from sealrun.errors import Malformed, Refused
from sealrun.offers.asset import Asset, asset_of
from sealrun.values import dataclass

# Basis points: the operator's share is so many ten-thousandths of what is settled.
SHARE_UNIT = 10_000
MAX_UINT32 = 2**32 - 1
# Slots: four weeks of 180 s, two weeks of 90 s. An exit delay has to cover a run, its collection, which is
# given up after 8 days, and a settlement; a longer one would only keep the buyer's money (A5). The contract
# has the same bound.
MAX_EXIT_DELAY = 13_440

# How long a view of an account may be used before it is renewed. An exit hides no longer than this.
VIEW_SECONDS = 60
# Provider's queue, collection, and a settlement that is proved twice and waits for blocks.
START_SECONDS = 15 * 60
COLLECT_SECONDS = 15 * 60
SETTLE_SECONDS = 60 * 60
# Where proofs settle: the least time that an exit leaves for proving.
PROVE_SECONDS = 6 * 60 * 60
# For one call: its token's four proofs, what is compiled before them, and a step of the fold, on two busy
# processors.
PROVE_CALL_SECONDS = 10 * 60


# For people who hold something that an older version wrote.
ANEW = (
    "Its seller makes it anew: `sealrun init`, then `sealrun publish`. Its buyers leave old accounts "
    "with the version that opened them, and open new ones"
)

_NAMES = ("network", "asset", "ledger", "seller", "operator", "operator_share", "exit_delay")


@dataclass(frozen=True)
class Terms:
    """What an account's ``termsHash`` stands for. Amounts of time are slots, shares basis points.

    Values are checked by ``parse``, not here.
    """

    network: str
    asset: Asset  # what its accounts are kept in; its id is hashed, its symbol and decimals are not
    ledger: int  # a random field that names the one table of dues and vouchers (A3)
    seller: PublicKey
    operator: PublicKey
    operator_share: int
    oracle: PublicKey | None  # whose signed statement settles; None where proofs of an issuer's tokens do
    keys: int  # the root of that issuer's keys; 0 where an oracle's word settles
    exit_delay: int  # 1 to MAX_EXIT_DELAY

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:terms", [...])``, twelve fields in the contract's order.

        Terms that name an issuer have the empty key, two zeros, in the place of the oracle.
        """
        oracle = self.oracle.to_fields() if self.oracle else [0, 0]
        return tagged_hash(
            "sealrun:terms",
            [
                network_field(self.network),
                self.asset.token,
                self.ledger,
                *self.seller.to_fields(),
                *self.operator.to_fields(),
                self.operator_share,
                *oracle,
                self.keys,
                self.exit_delay,
            ],
        )

    @property
    def id(self) -> str:
        """The hash as 64 hex digits."""
        return f"{self.hash:064x}"

    @classmethod
    def parse(cls, value: object) -> "Terms":
        """Read the JSON object; beside ``_NAMES`` it has either ``oracle`` or ``keys``.

        No key can be empty: x = 0 is no point of the curve, so the empty key does not parse (A1).

        Raises:
            Malformed: a name is missing or unknown, or a value is not of its form.
        """
        members = read.only(_of_this_form(value), _NAMES, where="terms", optional=("oracle", "keys"))
        if ("oracle" in members) == ("keys" in members):
            raise Malformed(
                "terms: expected either an oracle or the root of an issuer's keys, got both or none"
            )
        return cls(
            network=read.one_of(members, "network", NETWORKS),
            asset=asset_of(read.token_id(members, "asset")),
            ledger=read.decimal(members, "ledger", high=P - 1),
            seller=read.public_key(members, "seller"),
            operator=read.public_key(members, "operator"),
            operator_share=read.whole(members, "operator_share", low=0, high=SHARE_UNIT),
            oracle=read.public_key(members, "oracle") if "oracle" in members else None,
            keys=_key_root(members) if "keys" in members else 0,
            exit_delay=read.whole(members, "exit_delay", low=1, high=MAX_EXIT_DELAY),
        )

    def value(self) -> dict[str, Any]:
        """The JSON object that ``parse`` reads."""
        places = {"network": self.network, "asset": self.asset.id, "ledger": str(self.ledger)}
        parties = {name: getattr(self, name).to_base58() for name in ("seller", "operator")}
        word = {"oracle": self.oracle.to_base58()} if self.oracle else {"keys": str(self.keys)}
        numbers = {name: getattr(self, name) for name in ("operator_share", "exit_delay")}
        return {**places, **parties, **word, **numbers}

    def operator_part(self, total: int) -> int:
        """The operator's share of a running total, floored (A7)."""
        return total * self.operator_share // SHARE_UNIT

    def check_exit(self, *, run_seconds: int, slot_seconds: int) -> None:
        """The exit delay covers everything between the last accepted call and its settlement (A5).

        Args:
            run_seconds: the offer's time limit.
            slot_seconds: the network's present slot length.

        Raises:
            Refused: it does not.
        """
        needed = self.settling_seconds(run_seconds)
        if self.exit_delay * slot_seconds < needed:
            slots = -(-needed // slot_seconds)
            raise Refused(f"terms: expected an exit delay of at least {slots} slots, got {self.exit_delay}")

    def settling_seconds(self, run_seconds: int) -> int:
        """From the newest view that a call of so long a run is accepted on to its settlement."""
        return _settling_seconds(run_seconds) + (PROVE_SECONDS if self.oracle is None else 0)

    def provable_calls(self, *, run_seconds: int, slot_seconds: int) -> int | None:
        """So many calls can be proved, one after the other, within an exit that begins now (A16).

        None where an oracle's word settles: it covers any number of calls at once.

        Args:
            run_seconds: the offer's time limit.
            slot_seconds: the network's present slot length.
        """
        if self.oracle is not None:
            return None
        left = self.exit_delay * slot_seconds - _settling_seconds(run_seconds)
        return max(left // PROVE_CALL_SECONDS, 0)

    def check_buyer(self, buyer: PublicKey, account: PublicKey) -> None:
        """The buyer's key is neither the account's nor the oracle's (A1, E3).

        Raises:
            Refused: it is.
        """
        if buyer == account:
            raise Refused("buyer: expected a key of its own, got the account's")
        if self.oracle in (buyer, account):
            raise Refused("buyer: expected a key of its own, got the oracle's")


def _settling_seconds(run_seconds: int) -> int:
    """From the newest view that a call is accepted on to the settlement of that call, without proving."""
    return VIEW_SECONDS + START_SECONDS + run_seconds + COLLECT_SECONDS + SETTLE_SECONDS


def _of_this_form(value: object) -> object:
    """The same value, but for terms from before they named their asset.

    Raises:
        Malformed: it is such terms.
    """
    if isinstance(value, Mapping) and "ledger" in value and "asset" not in value:
        raise Malformed(
            f"terms: expected ones that name their asset, got the form of an older sealrun. {ANEW}"
        )
    return value


def _key_root(members: Mapping[str, Any]) -> int:
    if root := read.decimal(members, "keys", high=P - 1):
        return root
    raise Malformed("keys: expected the root of an issuer's keys, got 0")


def check_network(terms: Terms, network: str) -> None:
    """The terms are of this network.

    Raises:
        Malformed: they are not.
    """
    if terms.network != network:
        raise Malformed(f"terms: expected network {network}, got {terms.network}")
