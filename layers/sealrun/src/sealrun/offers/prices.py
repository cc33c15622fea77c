"""Prices: what one good run costs in each asset that an offer takes, in a form that a proof can open."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mina import tokens
from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64, node_hash, tagged_hash
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


def named_asset(value: Mapping[str, Any]) -> Asset:
    """The asset that ``asset``, ``symbol`` and ``decimals`` of a JSON object name.

    Not checked: that a token's symbol and decimals are those on chain, and who owns it.

    Raises:
        Malformed: they are not of their form, or a token is called MINA.
    """
    token = read.token_id(value, "asset")
    symbol = read.text(value, "symbol", pattern=_SYMBOL, says="1 to 6 letters and digits")
    decimals = read.whole(value, "decimals", low=0, high=MAX_DECIMALS)
    if token == tokens.MINA:
        if (symbol, decimals) != (MINA.symbol, MINA.decimals):
            raise Malformed(
                f"asset: expected {MINA.symbol} of {MINA.decimals} decimals, got other names for it"
            )
        return MINA
    if symbol.upper() == MINA.symbol:
        raise Malformed(f"asset: expected a symbol of the token's own, got {symbol}")
    return Asset(tokens.to_base58(token), symbol, f"smallest units of {symbol}", decimals)


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
    owner, asset = read.public_key(value, "owner") if "owner" in value else None, named_asset(value)
    owned = MINA.token if owner is None else tokens.derive_token_id(owner)
    if owned != asset.token:
        raise Malformed(f"owner: expected the account that owns {asset.id}, none for MINA; got another")
    return Price(asset.of(units), owner)


_TREE = Merkle(_DEPTH, node_hash, 0)
