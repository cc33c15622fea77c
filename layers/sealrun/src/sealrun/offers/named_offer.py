"""Inputs that name another offer, which the job then calls: their form, and which offers they may name.

    {"type": "string", "format": "sealrun-offer", "maxLength": 256}

Its value is the offer's address, in characters that mean nothing to a shell or to YAML (R2): without
``https://``, and with ``+`` before a port. ``service.example+8443/offers/OFFER`` is the offer at
``https://service.example:8443/offers/OFFER``. The address says where to look; the hash in it says what is
found there. The schema may name the offers themselves (``enum``), the sellers (``x-sellers``), and the most
that a run of the named offer may cost (``x-price``).

Nothing here asks a network: a service checks the form alone (L9). Whoever reads the named offer compares it
with the bounds, see ``Bounds.check``.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from sealrun.encoding import read
from sealrun.encoding.origins import canonical_origin
from sealrun.errors import Malformed, Refused
from sealrun.offers.asset import Amount
from sealrun.offers.prices import MAX_PRICES, named_asset
from sealrun.values import dataclass

if TYPE_CHECKING:
    from sealrun.offers.offer import Offer

FORMAT = "sealrun-offer"
SELLERS, MOST = "x-sellers", "x-price"
MAX_SELLERS = MAX_PRICES
# As much as an input of text may have.
MAX_LENGTH = 256
# Where a service on this machine is reached without TLS.
_HERE = ("127.0.0.1", "localhost")
_FORM = re.compile(
    r"(?P<host>[a-z0-9][a-z0-9.-]*)(?:\+(?P<port>[1-9][0-9]{0,4}))?(?P<path>(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)"
    r"/offers/(?P<offer>[0-9a-f]{64})",
    re.ASCII,
)
_URL = re.compile(r"(?P<scheme>https?)://(?P<host>[^/:]+)(?::(?P<port>[0-9]+))?(?P<path>/.*)", re.ASCII)
_IN_WORDS = "HOST/offers/OFFER, with +PORT behind the host where it has one"


class NamedOffer(NamedTuple):
    """An offer by its hash, and the service that sells it."""

    origin: str  # in its one spelling
    path: str  # of the service at its origin; empty, or with a slash before it
    offer: str  # 64 hex digits

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read an input's value, which has one spelling.

        Not checked: that there is such a service, that it is in no private network, and that it sells this.

        Raises:
            Malformed: it is not of this form.
        """
        match = _FORM.fullmatch(value) if len(value) <= MAX_LENGTH else None
        if match is None:
            raise Malformed(f"offer: expected {_IN_WORDS}, got {value[:80]!a}")
        scheme = "http" if match["host"] in _HERE else "https"
        port = f":{match['port']}" if match["port"] else ""
        origin = canonical_origin(f"{scheme}://{match['host']}{port}")
        named = cls(origin, match["path"], match["offer"])
        if str(named) != value:
            raise Malformed(f"offer: expected it as {named}, got {value[:80]!a}")
        return named

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what a person gives: the offer's URL, or the value itself.

        Raises:
            Malformed: it is neither.
        """
        match = _URL.fullmatch(text)
        if match is None:
            return cls.parse(text)
        origin = canonical_origin(text.removesuffix(match["path"]))
        named = cls.parse(_written(origin, match["path"]))
        if named.origin != origin:
            raise Malformed(f"offer: expected https://, got {text[:80]!a}")
        return named

    @property
    def service(self) -> str:
        """The URL of the service."""
        return self.origin + self.path

    @property
    def url(self) -> str:
        """The offer's address."""
        return f"{self.service}/offers/{self.offer}"

    def __str__(self) -> str:
        """The input's value."""
        return _written(self.origin, f"{self.path}/offers/{self.offer}")


def _written(origin: str, path: str) -> str:
    return origin.partition("://")[2].replace(":", "+") + path


@dataclass(frozen=True)
class Bounds:
    """Which offers an input may name, beside those that its ``enum`` lists."""

    sellers: frozenset[str]  # base58 addresses; empty for anyone
    most: Amount | None  # that one run may cost

    @classmethod
    def parse(cls, kind: Mapping[str, Any]) -> Self:
        """Read the bounds of an input of this kind out of an offer's schema.

        Raises:
            Malformed: they are not of their form.
        """
        sellers = kind.get(SELLERS, [])
        if not isinstance(sellers, list) or len(sellers) > MAX_SELLERS or (SELLERS in kind and not sellers):
            raise Malformed(f"{SELLERS}: expected a list of 1 to {MAX_SELLERS} addresses, got something else")
        keys = frozenset(read.public_key({SELLERS: each}, SELLERS).to_base58() for each in sellers)
        return cls(keys, _most(kind[MOST]) if MOST in kind else None)

    def check(self, offer: "Offer") -> None:
        """Whether the input may name this offer, which was read and has the hash of the address.

        One of price 0 costs less than any bound, and names no seller: it is none of theirs.

        Raises:
            Refused: it is of another seller or of none, or costs more.
        """
        payment = offer.payment
        seller = payment.terms.seller.to_base58() if payment else "one of price 0, which names none"
        if self.sellers and seller not in self.sellers:
            raise Refused(
                f"offer: expected one of the sellers {', '.join(sorted(self.sellers))}, got {seller}"
            )
        if payment is None or self.most is None:
            return
        cost = payment.priced_in(self.most.asset.id).cost
        if cost.asset != self.most.asset or cost.units > self.most.units:
            raise Refused(f"offer: expected one that costs at most {self.most}, got one of {cost}")

    @property
    def says(self) -> str:
        """In words, for people; empty where there are none."""
        price = f"at most {self.most} a run" if self.most else ""
        sellers = f"sold by {' or '.join(sorted(self.sellers))}" if self.sellers else ""
        return ", ".join(filter(None, (price, sellers)))


def _most(value: object) -> Amount:
    named = read.only(value, ("asset", "amount", "decimals", "symbol"), where=MOST)
    return Amount.parse(named, named_asset(named))
