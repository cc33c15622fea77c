"""What credits take beside the same in MINA: the steps of `make demo-market`, with real proofs."""

import contextlib
import io
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.table import Row, row
from local.credit_sale import STEPS, CreditSale, run
from local.steps import Progress, Say

# The project's goal: a settlement in a token takes two proofs, one in MINA takes one.
REACH = 1.6
# Of calls and settlements; the buyer's credits last for one call more.
TURNS = 4
STEPS_OF_CREDITS = ("issue", "mint", "sell", "buy", "give", "redeem")


@dataclass
class TimedSale(CreditSale):
    """The same steps, and a call that is paid in MINA, with the seconds of each command by its name."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    asset: str = "RUN"

    def run(self, say: Say, *arguments: str, status: int = 0) -> dict[str, Any]:
        """The command's JSON; its time is noted."""
        start = time.perf_counter()
        result = super().run(say, *arguments, status=status)
        name = " ".join(arguments[:2]) if arguments[0] == "credits" else f"{arguments[0]} in {self.asset}"
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)
        return result

    def settle(self) -> None:
        """Calls in MINA and in credits, settled in turn; then one more, as the demo has it."""
        named = ["--asset", "MINA", "--deposit", "9", "--account-key", "mina.key", "--yes"]
        opened = self.run(print, "open", self.offer_url, *named, *self.sends("buyer"))
        accounts = {"MINA": opened["account"], "RUN": self.account}
        for _ in range(TURNS):
            for self.asset, self.account in accounts.items():
                self.call()
                self.run(print, "settle", self.account, "--url", self.url, "--yes", *self.sends("seller"))
        self.call()
        super().settle()


def rows() -> list[Row]:
    """Seconds of whole commands, until their transaction is in a block of a chain that makes one at once."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        sale = TimedSale(Progress(STEPS), Path(folder) / "seller", proofs=True)
        run(sale)
    dealt = [_row(f"credits {name}", sale.seconds[f"credits {name}"][0]) for name in STEPS_OF_CREDITS]
    return [*dealt, _beside(sale, "call", reach=None), _beside(sale, "settle", reach=REACH)]


def _beside(sale: TimedSale, name: str, *, reach: float | None) -> Row:
    ours, theirs = (sale.seconds[f"{name} in {asset}"][:TURNS] for asset in ("RUN", "MINA"))
    return row(f"{name} in credits", "s", ours, peer=("the same in MINA", theirs), reach=reach)


def _row(name: str, seconds: float) -> Row:
    return Row(name, "s", seconds, 0.0, None, None, None, None)
