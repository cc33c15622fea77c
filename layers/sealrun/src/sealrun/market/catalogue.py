"""The catalogue: the checked entries of a board as one JSON document, and search in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sealrun.encoding.plain_text import plain_text
from sealrun.market.entries import Entry, Reading
from sealrun.offers.offer import Offer

VERSION = 1


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; what is empty matches all."""

    words: tuple[str, ...] = ()  # all of them, anywhere in title, inputs, source and symbols
    asset: str = ""  # a token's id, its owner or its symbol
    provider: str = ""
    at_most: Fraction | None = None  # of the asset, as people count it
    grade: int = 0  # at least
    input: str = ""  # name

    def matches(self, entry: Entry) -> bool:
        """Whether the entry is one of those."""
        offer = entry.offer
        prices = [price for price in offer.prices if self._is_in(price.value())]
        text = _text(offer)
        return (
            all(word.casefold() in text for word in self.words)
            and (not self.asset or bool(prices))
            and (
                self.at_most is None
                or any(Fraction(price.cost.units, price.cost.asset.scale) <= self.at_most for price in prices)
            )
            and self.provider in ("", offer.source.provider)
            and offer.evidence.grade >= self.grade
            and (not self.input or self.input in offer.inputs.names)
        )

    def found(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those that match: the cheapest first where an asset was named, else in their order."""
        matching = [entry for entry in entries if self.matches(entry)]
        return sorted(matching, key=self._cheapest) if self.asset else matching

    def _cheapest(self, entry: Entry) -> Fraction:
        prices = (price.cost for price in entry.offer.prices if self._is_in(price.value()))
        return min(Fraction(cost.units, cost.asset.scale) for cost in prices)

    def _is_in(self, price: Mapping[str, Any]) -> bool:
        names = (price["asset"], price.get("owner"), price["symbol"])
        return not self.asset or self.asset in names


def catalogue(reading: Reading, *, built: int, wanted: Wanted = Wanted()) -> dict[str, Any]:
    """The document: what was read, what failed, and the entries. Every text in it is plain.

    Args:
        reading: of a board.
        built: Unix seconds.
        wanted: which entries; all where it says nothing.
    """
    return {
        "version": VERSION,
        "network": reading.network,
        "board": reading.board.to_base58(),
        "height": reading.height,
        "built": built,
        "listed": reading.listed,
        "read": reading.read,
        "failed": reading.counts,
        "entries": [entry_value(entry) for entry in wanted.found(reading.entries)],
    }


def entry_value(entry: Entry) -> dict[str, Any]:
    """One entry of the document; ``history`` is for who reads receipts."""
    offer, source = entry.offer, entry.offer.source
    return {
        "offer": offer.id,
        "url": entry.url,
        "title": offer.title,
        "provider": source.provider,
        "source": {"repository": source.repository, "ref": source.ref, "commit": source.commit},
        "seller": entry.seller.to_base58(),
        "oracle": offer.oracle,
        "proved": offer.proved,
        "contract": entry.contract.to_base58(),
        "listing": entry.listing,
        "prices": [price.value() for price in offer.prices],
        "grade": offer.evidence.grade,
        "inputs": _inputs(offer),
        "callers": "anyone" if offer.access.open else "named",
        "open": not entry.paused,
        "reason": entry.paused,
        "dropped": [dict(each) for each in entry.dropped],
        "history": None,
    }


def _inputs(offer: Offer) -> list[dict[str, str]]:
    properties = offer.inputs.schema["properties"]
    return [
        {
            "name": name,
            "type": str(properties[name]["type"]),
            "title": plain_text(properties[name].get("title")),
            "description": plain_text(properties[name].get("description")),
        }
        for name in offer.inputs.names
    ]


def _text(offer: Offer) -> str:
    """All that words are looked for in."""
    source = offer.source
    told: Sequence[str] = [text for each in _inputs(offer) for text in each.values()]
    symbols = [price.cost.asset.symbol for price in offer.prices]
    return "\n".join(
        [offer.title, source.provider, source.repository, source.ref, *symbols, *told]
    ).casefold()
