"""What an amount is of: the one place that knows an asset's name, its smallest unit and its decimals.

Amounts are whole numbers of the smallest unit everywhere; an asset says how people read and write them.
"""

import re
from dataclasses import dataclass

from mina import tokens
from sealrun.errors import Malformed


@dataclass(frozen=True)
class Asset:
    """Something that offers are paid in."""

    id: str  # the token's id on Mina, base58
    symbol: str
    unit: str  # the smallest, of which amounts are whole numbers
    decimals: int

    @property
    def scale(self) -> int:
        """How many of the smallest unit make one."""
        return int(10**self.decimals)

    def shown(self, units: int) -> str:
        """An amount as people read it: ``0.5 MINA``."""
        whole, rest = divmod(units, self.scale)
        return f"{whole}.{rest:0{self.decimals}d}".rstrip("0").rstrip(".") + f" {self.symbol}"

    def units(self, text: str) -> int:
        """An amount as people write it, without the symbol: ``20`` or ``0.5``.

        Raises:
            Malformed: it is no such number, or has more decimals than the asset.
        """
        match = re.fullmatch(rf"([0-9]{{1,20}})(?:\.([0-9]{{0,{self.decimals}}}))?", text, re.ASCII)
        if match is None:
            raise Malformed(f"amount: expected {self.symbol} such as 20 or 0.5, got {text[:40]!r}")
        return int(match[1]) * self.scale + int((match[2] or "").ljust(self.decimals, "0"))


MINA = Asset(tokens.to_base58(tokens.MINA), "MINA", "nanomina", 9)
