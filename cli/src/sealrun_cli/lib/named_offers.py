"""The offers that a call's inputs name: read before anything is signed, and held against their bounds."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sealrun.errors import Refused
from sealrun.offers.named_offer import NamedOffer
from sealrun.offers.offer import Offer
from sealrun_cli.lib.guarded import open_public
from sealrun_cli.lib.output import plain
from sealrun_cli.lib.service import Service, is_here


class Named(NamedTuple):
    """One of them, as its own document has it."""

    name: str  # the input's
    address: NamedOffer
    offer: Offer

    def __str__(self) -> str:
        """For whoever buys the outer run."""
        what = f"{plain(self.offer.title)}, for {self.offer.cost} a run, which the seller pays"
        return f"{self.name} is {what}: {self.address.url}"


def named_by(outer: Offer, inputs: Mapping[str, Any], read: Callable[[str], Offer]) -> Iterator[Named]:
    """The offers that these inputs of the outer offer name, if they may.

    Args:
        outer: the offer that is bought; the inputs fit it.
        inputs: of the call.
        read: an offer by its URL, with the hash that is in it.

    Raises:
        Refused: one is not within the input's bounds, or on another network.
    """
    for name, address in outer.inputs.named_offers(inputs).items():
        offer = read(address.url)
        check_named(outer, name, offer)
        yield Named(name, address, offer)


def check_named(outer: Offer, name: str, offer: Offer) -> None:
    """Whether this input of the outer offer may name this offer.

    Raises:
        Refused: it is not within the input's bounds, or on another network.
    """
    outer.inputs.offers[name].check(offer)
    if offer.network != outer.network:
        raise Refused(f"{name}: expected an offer on {outer.network}, got one on {offer.network}")


def read_publicly(outer_url: str, outer: Offer, inputs: Mapping[str, Any]) -> list[Named]:
    """The same, read from public addresses only: the seller may have chosen them, as defaults.

    On this machine too, where the outer offer is.
    """
    if not outer.inputs.offers.keys() & inputs.keys():
        return []
    here = is_here(outer_url)
    with open_public(unsafe_loopback=here) as http:
        return list(named_by(outer, inputs, Service(http).offer))
