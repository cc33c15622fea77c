"""What an amount is of: the one place that knows an asset's name, its smallest unit and its decimals.

Numbers that are signed, stored or sent are whole numbers of the smallest unit. An ``Amount`` names its asset
too: it is what people read and write, and two of different assets neither add up nor compare.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from mina import tokens
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.errors import Malformed
from sealrun.values import dataclass


class Asset(NamedTuple):
    """Something that offers are paid in."""

    id: str  # the token's id on Mina, base58
    symbol: str
    unit: str  # the smallest, of which amounts are whole numbers
    decimals: int

    @property
    def token(self) -> int:
        """The token's id as a field, as terms and signed lists name it; 1 is MINA."""
        return tokens.from_base58(self.id)

    @property
    def scale(self) -> int:
        """How many of the smallest unit make one."""
        return int(10**self.decimals)

    def value(self) -> dict[str, Any]:
        """What people need to read an amount, as JSON; the id stands beside the amount."""
        return {"decimals": self.decimals, "symbol": self.symbol}

    def members(self) -> dict[str, Any]:
        """The id, and what people need to read an amount, for results that name amounts alone."""
        return {"asset": self.id, **self.value()}

    def of(self, units: int | str) -> "Amount":
        """So many of the smallest unit, also as the decimal text of a JSON document that was checked."""
        return Amount(self, int(units))

    def read(self, text: str) -> "Amount":
        """An amount as people write it, without the symbol: ``20`` or ``0.5``.

        Raises:
            Malformed: it is no such number, or has more decimals than the asset.
        """
        match = re.fullmatch(rf"([0-9]{{1,20}})(?:\.([0-9]{{0,{self.decimals}}}))?", text, re.ASCII)
        if match is None:
            raise Malformed(f"amount: expected {self.symbol} such as 20 or 0.5, got {text[:40]!r}")
        return self.of(int(match[1] + (match[2] or "").ljust(self.decimals, "0")))


@dataclass(frozen=True)
class Amount:
    """So much of one asset. Not checked: the bound of 64 bits, which is the reader's and the contract's."""

    asset: Asset
    units: int  # of the asset's smallest; negative only as a difference

    @property
    def number(self) -> str:
        """As people write it: ``0.5``, without zeros that say nothing."""
        whole, rest = divmod(abs(self.units), self.asset.scale)
        sign = "-" if self.units < 0 else ""
        return sign + f"{whole}.{rest:0{self.asset.decimals}d}".rstrip("0").rstrip(".")

    def value(self) -> dict[str, str]:
        """As JSON, in x402's names: the asset's id, and the smallest units as decimal text."""
        return {"asset": self.asset.id, "amount": str(self.units)}

    @classmethod
    def parse(cls, value: Mapping[str, Any], asset: Asset) -> "Amount":
        """Read the JSON form of an amount of this asset; other members are not looked at.

        Raises:
            Malformed: it is of another asset, or no amount below 2**64.
        """
        if value.get("asset") != asset.id:
            raise Malformed(
                f"asset: expected {asset.id} ({asset.symbol}), got {str(value.get('asset'))[:80]}"
            )
        return cls(asset, read.decimal(value, "amount", high=MAX_UINT64))

    def __str__(self) -> str:
        """As people read it: ``0.5 MINA``."""
        return f"{self.number} {self.asset.symbol}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.asset, self.units + self._units(other))

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.asset, self.units - self._units(other))

    def __lt__(self, other: "Amount") -> bool:
        return self.units < self._units(other)

    def __le__(self, other: "Amount") -> bool:
        return self.units <= self._units(other)

    def _units(self, other: "Amount") -> int:
        """Raises ValueError for an amount of another asset: whoever adds the two has made a mistake."""
        if other.asset != self.asset:
            raise ValueError(f"amount: expected {self.asset.symbol}, got {other.asset.symbol}")
        return other.units


def in_full(amount: Amount) -> str:
    """For refusals: the smallest units, which are what is compared, and what people read."""
    return f"{amount.units} {amount.asset.unit} ({amount})" if amount.asset.decimals else str(amount)


def asset_of(token: int) -> Asset:
    """What is known of an asset by its id alone: for a token no decimals, and no name that it gave itself."""
    text = tokens.to_base58(token)
    return MINA if token == tokens.MINA else Asset(text, f"{text[:10]}…", "smallest units", 0)


MINA = Asset(tokens.to_base58(tokens.MINA), "MINA", "nanomina", 9)
# What offers are priced and accounts are kept in, where no document says it.
TRADED = MINA
# What Mina takes for every transaction, whatever it moves, and once for a new account.
FEES = MINA
ACCOUNT_CREATION_FEE = FEES.of(FEES.scale)
