"""Prices: what one good run costs in each asset that an offer takes, in a form that a proof can open."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mina import tokens
from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64, tagged_hash
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Malformed
from sealrun.offers.asset import MINA, Amount, Asset

_DEPTH = 4
MAX_PRICES = 2**_DEPTH
# FungibleToken keeps decimals in 8 bits; more than 18 are no amounts that people read.
MAX_DECIMALS = 18
_SYMBOL = r"[A-Za-z0-9]{1,6}"  # Mina's own bound is 6 bytes


class Price(NamedTuple):
    """The price of one good run in one asset."""

    cost: Amount
    owner: PublicKey | None  # the account that owns the token; None for MINA

    def value(self) -> dict[str, Any]:
        """The JSON object that ``parse_prices`` reads."""
        owner = {"owner": self.owner.to_base58()} if self.owner else {}
        return {**self.cost.value(), **self.cost.asset.value(), **owner}


def parse_prices(value: object) -> tuple[Price, ...]:
    """Read an offer's ``prices``; an empty list is price 0.

    Not checked: that a token exists, and that its symbol and decimals on chain are those that stand here.

    Raises:
        Malformed: an entry is not of its form, or an asset stands there twice or out of order.
    """
    if not isinstance(value, list) or len(value) > MAX_PRICES:
        raise Malformed(f"prices: expected a list of at most {MAX_PRICES}, got something else")
    prices = tuple(_price(entry) for entry in value)
    ids = [price.cost.asset.token for price in prices]
    if ids != sorted(set(ids)):
        raise Malformed("prices: expected each asset once, in ascending order of the ids as numbers")
    return prices


def prices_hash(costs: Sequence[Amount]) -> int:
    """The root of a tree over ``H("sealrun:price", [asset, amount])``; 0 for price 0.

    Args:
        costs: in ascending order of their assets' ids, each asset once, as ``parse_prices`` leaves them.
    """
    leaves = [tagged_hash("sealrun:price", [cost.asset.token, cost.units]) for cost in costs]
    return _TREE.root(leaves) if leaves else 0


def _price(entry: object) -> Price:
    members = ("asset", "amount", "decimals", "symbol")
    value = read.only(entry, members, where="prices", optional=("owner",))
    units = read.decimal(value, "amount", high=MAX_UINT64)
    if units == 0:
        raise Malformed("prices: expected an amount above 0, got 0; an offer of price 0 has an empty list")
    owner = read.public_key(value, "owner") if "owner" in value else None
    return Price(_asset(value, owner).of(units), owner)


def _asset(value: dict[str, Any], owner: PublicKey | None) -> Asset:
    token = read.token_id(value, "asset")
    symbol = read.text(value, "symbol", pattern=_SYMBOL, says="1 to 6 letters and digits")
    decimals = read.whole(value, "decimals", low=0, high=MAX_DECIMALS)
    if token == tokens.MINA:
        if (symbol, decimals, owner) != (MINA.symbol, MINA.decimals, None):
            raise Malformed(f"prices: expected {MINA.symbol} of {MINA.decimals} decimals without an owner")
        return MINA
    if owner is None or tokens.derive_token_id(owner) != token:
        raise Malformed(f"prices: expected the owner of the token {value['asset']}, got another or none")
    if symbol.upper() == MINA.symbol:
        raise Malformed(f"prices: expected a symbol of the token's own, got {symbol}")
    return Asset(tokens.to_base58(token), symbol, f"smallest units of {symbol}", decimals)


def _node(left: int, right: int) -> int:
    return tagged_hash("sealrun:node", [left, right])


_TREE = Merkle(_DEPTH, _node, 0)
