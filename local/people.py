"""Seller, operator, oracle and buyer of one sale on this machine, with their keys and balances."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.chain import MinaChain
from local.prover import Prover
from local.steps import must
from mina.keys import PrivateKey
from sealrun.offers.asset import MINA
from sealrun_cli.lib.keys import new_key

# Three hours of exit delay at 180 s a slot: time for the last run, and for a settlement that waits.
EXIT_SLOTS = 60
SHARE = 250  # basis points: 2.5 %


@dataclass(frozen=True)
class People:
    """Everybody's key, and the folder of key files that the command reads."""

    folder: Path
    seller: PrivateKey
    operator: PrivateKey
    oracle: PrivateKey
    buyer: PrivateKey

    @classmethod
    def make(cls, folder: Path) -> "People":
        """Fresh keys, in files of mode 0600."""
        folder.mkdir(parents=True)
        names = ("seller", "operator", "oracle", "buyer")
        return cls(folder, **{name: new_key(folder / f"{name}.key") for name in names})

    def file(self, name: str) -> str:
        """The key file of one of them."""
        return str(self.folder / f"{name}.key")

    def fund(self, chain: MinaChain) -> None:
        """Give the buyer money, and those who are paid an account that can receive it."""
        for key, amount in (
            (self.buyer, 100 * MINA.scale),
            (self.seller, 10 * MINA.scale),
            (self.operator, 10 * MINA.scale),
        ):
            chain.faucet(address(key), amount)

    def terms(self, ledger: int) -> dict[str, Any]:
        """The terms under which they trade, as an offer has them: its prices name the assets."""
        keys = {name: address(getattr(self, name)) for name in ("seller", "operator", "oracle")}
        shares = {"operator_share": SHARE, "exit_delay": EXIT_SLOTS}
        return {"network": "mina:devnet", "ledger": str(ledger), **keys, **shares}


@dataclass
class Balances:
    """Everybody's balance at each moment that was noted."""

    chain: MinaChain
    people: People
    account: str = ""
    moments: dict[str, dict[str, int]] = field(default_factory=dict)

    def note(self, moment: str) -> None:
        """Note everybody's balance now, under this name."""
        addresses = {name: address(getattr(self.people, name)) for name in ("buyer", "seller", "operator")}
        addresses["account"] = self.account
        self.moments[moment] = {
            name: self.chain.balance(each) if each else 0 for name, each in addresses.items()
        }

    def at(self, moment: str, name: str) -> int:
        """The balance that was noted, in the smallest unit."""
        return self.moments[moment][name]

    def check(self, moment: str, name: str, expected: int) -> None:
        """Raise DemoFailed if a balance differs from the expected one."""
        got = self.at(moment, name)
        must(got == expected, f"balance of {name}, {moment}", MINA.of(expected), MINA.of(got))

    def table(self) -> Sequence[str]:
        """One line for each of them, one column for each moment."""
        width = max(len(moment) for moment in self.moments) + 2
        head = f"{MINA.symbol:<9}" + "".join(f"{moment:>{width}}" for moment in self.moments)
        return [head, *(self._line(name, width) for name in ("buyer", "account", "seller", "operator"))]

    def _line(self, name: str, width: int) -> str:
        amounts = (MINA.of(values[name]).number for values in self.moments.values())
        return f"{name:<9}" + "".join(f"{amount:>{width}}" for amount in amounts)


def address(key: PrivateKey) -> str:
    """The public key as base58."""
    return key.public_key().to_base58()


def client_environment(chain: MinaChain, folder: Path, prover: Prover | None = None) -> dict[str, str]:
    """The environment in which the ``sealrun`` command finds this chain and keeps its state."""
    settings = {"SEALRUN_MINA_NODE": chain.graphql, "SEALRUN_STATE": str(folder / "client")}
    return {**os.environ, **settings, **({"SEALRUN_PROVER": str(prover.socket)} if prover else {})}
