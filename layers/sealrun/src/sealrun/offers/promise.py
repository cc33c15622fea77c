"""The promise behind a credit: a document whose hash stands in the token's URI, so that nobody rewrites it.

A credit is a token that a seller promises to take as payment for runs. The chain knows how many there can be
and what is locked behind each; what a credit is good for stands here, in words and in offers. Nothing makes
the seller keep it but the backing, which holders get from the expiry on.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64, NETWORKS, canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.offers.asset import MINA, Amount
from sealrun.offers.terms import MAX_UINT32

MAX_PROMISE_BYTES = 16_384
MAX_OFFERS = 16
MAX_TEXT = 2_000
# Mina keeps 255 bytes of an account's URI: the hash and its # take 65.
MAX_URL_LENGTH = 190
SYMBOL = r"[A-Za-z0-9]{1,6}"
_VERSION = 1
_PARTIES = ("token", "vault", "seller")
_NUMBERS = ("cap", "backing", "price")
_NAMES = ("sealrun", "network", *_PARTIES, *_NUMBERS, "symbol", "expiry", "title", "text", "offers")
_OFFER = r"https?://[^\s#?]{1,300}/offers/[0-9a-f]{64}"
_LINK = re.compile(rf"(https?://[^\s#]{{1,{MAX_URL_LENGTH}}})#([0-9a-f]{{64}})")


@dataclass(frozen=True)
class Promise:
    """What a seller says of its credits; the numbers that the chain has too must be the chain's."""

    network: str
    token: PublicKey  # the account that owns the token
    vault: PublicKey
    seller: PublicKey
    symbol: str
    cap: int  # credits
    backing: Amount  # in MINA, for each credit
    price: Amount  # in MINA: what the seller asks for one at first
    expiry: int  # slot
    title: str
    text: str
    offers: tuple[str, ...]  # URLs of the offers that take it

    @classmethod
    def parse(cls, document: bytes) -> "Promise":
        """Read the bytes of the document.

        Not checked: that the offers exist and take the credit, and that the chain says the same.

        Raises:
            Malformed: a name is missing or unknown, or a value is not of its form.
        """
        value = read.only(parse_object(document, at_most=MAX_PROMISE_BYTES), _NAMES, where="promise")
        read.whole(value, "sealrun", low=_VERSION, high=_VERSION)
        token, vault, seller = (read.public_key(value, name) for name in _PARTIES)
        cap, backing, price = (read.decimal(value, name, high=MAX_UINT64) for name in _NUMBERS)
        if cap == 0 or cap * backing > MAX_UINT64:
            raise Malformed(f"cap: expected 1 to as many as 64 bits of nanomina back, got {cap}")
        if price == 0:
            raise Malformed("price: expected above 0, got 0")
        return cls(
            network=read.one_of(value, "network", NETWORKS),
            token=token,
            vault=vault,
            seller=seller,
            symbol=_symbol(value),
            cap=cap,
            backing=MINA.of(backing),
            price=MINA.of(price),
            expiry=read.whole(value, "expiry", low=1, high=MAX_UINT32),
            title=_words(value, "title", at_most=100),
            text=_words(value, "text", at_most=MAX_TEXT),
            offers=_offers(value["offers"]),
        )

    def document(self) -> bytes:
        """The canonical JSON whose hash a token names."""
        return canonical(
            {
                "sealrun": _VERSION,
                "network": self.network,
                **{name: getattr(self, name).to_base58() for name in _PARTIES},
                "cap": str(self.cap),
                "backing": str(self.backing.units),
                "price": str(self.price.units),
                "symbol": self.symbol,
                "expiry": self.expiry,
                "title": self.title,
                "text": self.text,
                "offers": list(self.offers),
            }
        )

    @property
    def words(self) -> str:
        """``backed 0.5 MINA of price 1 MINA``."""
        return f"backed {self.backing} of price {self.price}"


def promise_uri(url: str, document: bytes) -> str:
    """What the token's URI says: where the document is, and its SHA-256.

    Raises:
        Malformed: the address is no http or https address, or is too long.
    """
    uri = f"{url}#{hashlib.sha256(document).hexdigest()}"
    if _LINK.fullmatch(uri) is None:
        most = MAX_URL_LENGTH
        raise Malformed(f"url: expected an http or https address of at most {most} characters without a #")
    return uri


def promised(uri: str) -> tuple[str, str]:
    """The address and the hash that a token's URI names.

    Raises:
        Malformed: the URI is of another form.
    """
    match = _LINK.fullmatch(uri)
    if match is None:
        raise Malformed(f"uri: expected URL#SHA256, got {uri[:80]!r}")
    return match[1], match[2]


def names_promise(uri: str) -> bool:
    """Whether a token's URI has the form of one that names a promise."""
    return _LINK.fullmatch(uri) is not None


def check_promise(document: bytes, uri: str) -> Promise:
    """The promise of these bytes, if they are those that the token's URI names.

    Raises:
        Malformed: they are others, or no promise.
    """
    _, expected = promised(uri)
    if (got := hashlib.sha256(document).hexdigest()) != expected:
        raise Malformed(f"promise: expected the document of hash {expected}, got {got}")
    return Promise.parse(document)


def _symbol(value: Mapping[str, Any]) -> str:
    symbol = read.text(value, "symbol", pattern=SYMBOL, says="1 to 6 letters and digits")
    if symbol.upper() == MINA.symbol:
        raise Malformed(f"symbol: expected one of the token's own, got {symbol}")
    return symbol


def _words(value: Mapping[str, Any], name: str, *, at_most: int) -> str:
    text = value[name]
    if not isinstance(text, str) or not 0 < len(text) <= at_most or not _printable(text):
        raise Malformed(f"{name}: expected 1 to {at_most} printable characters, got something else")
    return text


def _printable(text: str) -> bool:
    return all(each.isprintable() or each == "\n" for each in text)


def _offers(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_OFFERS:
        raise Malformed(f"offers: expected 1 to {MAX_OFFERS} addresses, got something else")
    for each in value:
        if not isinstance(each, str) or re.fullmatch(_OFFER, each) is None:
            raise Malformed(f"offers: expected URL/offers/OFFER, got {str(each)[:80]}")
    if len(set(value)) != len(value):
        raise Malformed("offers: expected each once")
    return tuple(value)
