"""Who is paid for a run, how much, and what of it is shown: the parts of an offer that a seller chooses."""

import secrets
import sys
from dataclasses import dataclass
from typing import Any

import typer

from mina.field import P
from mina.keys import PublicKey
from sealrun.encoding.fields import MAX_UINT64
from sealrun.offers.asset import TRADED
from sealrun.offers.limits import AT_ONCE, MINUTES_A_MONTH, QUEUE_SECONDS
from sealrun_cli.lib.confirming import ask
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.output import amount_of

LIMITS = {
    "seconds": 600,
    "log_bytes": 1 << 20,
    "artifact_bytes": 64 << 20,
    "files": 100,
    "queue_seconds": QUEUE_SECONDS,
    "at_once": AT_ONCE,
    "minutes_per_month": MINUTES_A_MONTH,
}
# Two hours at 90 s a slot, four at 180 s: they cover the time limit above, collection and settlement (A5).
EXIT_DELAY = 80
# Twelve hours and a day: minutes of proving for each of several calls come before the settlement.
PROVED_EXIT_DELAY = 480
SHARE = 250
DEPTH = 1
QUOTA = 60
# Half of the offer for one buyer, as an open offer has it where it says nothing.
PER_BUYER = {"per_hour": QUOTA // 2, "at_once": AT_ONCE // 2, "minutes_per_month": MINUTES_A_MONTH // 2}
# A run that is not over may fail, so this also bounds what one account runs at once (L12).
FAILED_PER_DAY = PER_BUYER["at_once"]


@dataclass(frozen=True)
class Trade:
    """The seller's answers; empty where there is none yet. Addresses may be key files."""

    price: str  # as it was written
    oracle: str
    seller: str
    operator: str
    share: int
    exit_delay: int
    depth: int
    ledger: str
    contract: str
    keys: int = 0  # the root of an issuer's keys, where proofs settle

    def members(self) -> dict[str, Any]:
        """The members of ``offer.toml`` that follow from the answers; missing answers are asked for."""
        price = ask(self.price, f"Price of one good run, in {TRADED.symbol} (0: free)", "--price")
        amount = amount_of(price, TRADED).units
        oracle = ask(self.oracle, "The oracle's address or key file", "--oracle")
        chosen: dict[str, Any] = {
            "price": TRADED.of(min(amount, MAX_UINT64)).number,
            "oracle": address_of(oracle),
            "quota_per_hour": QUOTA,
            "access": {"open": True, "keys": [], "per_buyer": PER_BUYER},
            "limits": LIMITS,
        }
        if self.keys and not amount:
            detail = "price: expected one above 0, for which proofs settle, got 0"
            raise CliError("bad-request", detail, "give a --price, or take --proved out")
        if amount:
            chosen |= {
                "terms": self._terms(),
                "payment": {"depth": self.depth, "nodes": 1, "failed_per_day": FAILED_PER_DAY},
            }
        if self.contract:
            chosen["credential"] = {"kind": "chain", "contract": address_of(self.contract)}
        return chosen

    def _terms(self) -> dict[str, Any]:
        seller = ask(self.seller, "Who is paid: address or key file", "--seller")
        operator = ask(self.operator, "The operator's address or key file", "--operator")
        return {
            "ledger": self.ledger or str(secrets.randbelow(P - 1) + 1),
            "seller": address_of(seller),
            "operator": address_of(operator),
            "operator_share": self.share,
            "exit_delay": self.exit_delay,
            **({"keys": str(self.keys)} if self.keys else {}),
        }


def shows_outputs(given: bool | None, *, free: bool) -> bool:  # noqa: FBT001
    """Whether anyone may see a run's outputs: by the flag, else yes for a free offer, else by the answer.

    What was paid for is the buyer's, unless the seller says otherwise.
    """
    if given is not None or free:
        return given is not False
    if not sys.stdin.isatty():
        return False
    return typer.confirm("May anyone see the outputs that a buyer paid for?", default=False, err=True)


def evidence(*, private: bool, outputs: bool) -> dict[str, Any]:
    """What anyone may see, to begin with: functions' names and perhaps outputs, not the log."""
    return {
        "inputs": "buyer" if private else "public",
        "outputs": ["*"] if outputs and not private else [],
        "log": [],
        "symbols": [] if private else ["*"],
        "probes": [],
        "token": "buyer",
        "grade": 0,
        "deterministic": False,
    }


def address_of(text: str) -> str:
    """An address as it was given, or that of a key file."""
    if not text.startswith("B62"):
        return read_key(text).public_key().to_base58()
    try:
        return PublicKey.from_base58(text).to_base58()
    except ValueError as error:
        raise CliError("bad-request", f"address: {error}", "check it for a missing character") from error
