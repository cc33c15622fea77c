"""Pin on IPFS what the public may see, after it is stored and before the receipt is signed.

Pinning never costs a receipt: each service has so many seconds a call, more for more bytes, and ``run.json``
tells what it does not hold by then (ADR 0013). The bytes are in the store under the same CID either way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sealrun.encoding.measure import Measured
from sealrun.errors import Unavailable
from sealrun.evidence.evidence import Item
from sealrun.ports.evidence import EvidenceStore, Pinner
from sealrun.runs.document import Pins

SECONDS = 30
BYTES_PER_SECOND = 16 << 20
# Of the 900 s that a function has, for all services together.
MOST_SECONDS = 300
ROUNDS = 2


@dataclass(frozen=True)
class Pinning:
    """Where to pin, one after the other, and how many seconds a call each of them may take at least."""

    pinners: Sequence[Pinner] = ()
    seconds: int = SECONDS


def pin_items(
    items: Sequence[Item], *, pinning: Pinning, store: EvidenceStore, clock: Callable[[], int]
) -> list[Pins]:
    """Pin every public item that has a CID, the same bytes once; a hidden item is left alone (E1)."""
    public = list({item.cid: item for item in items if item.public and item.cid}.values())
    seconds = pinning.seconds + sum(item.size for item in public) // BYTES_PER_SECOND
    last = clock() + MOST_SECONDS
    return [
        _pins(public, pinner, store, clock, ends=min(clock() + seconds, last)) for pinner in pinning.pinners
    ]


def first_failure(pins: Sequence[Pins]) -> str:
    """Why a service does not hold an item, or nothing."""
    return next((why for one in pins for why in one.failed.values()), "")


def with_one_more(pins: Sequence[Pins], label: str, why_not: str) -> list[Pins]:
    """One item more, which all of the services hold, or none for this reason."""
    if why_not:
        return [replace(one, failed={label: why_not, **one.failed}) for one in pins]
    return [replace(one, pinned=one.pinned + 1) for one in pins]


def _pins(
    items: Sequence[Item], pinner: Pinner, store: EvidenceStore, clock: Callable[[], int], *, ends: int
) -> Pins:
    failed = dict.fromkeys((item.label for item in items), "no time was left")
    left = list(items)
    for _ in range(ROUNDS):
        for item in [*left]:
            if (seconds := ends - clock()) <= 0:
                break
            why = _pin(item, pinner, store, seconds)
            if why:
                failed[item.label] = why
            else:
                left.remove(item)
                del failed[item.label]
    return Pins(pinner.name, len(items) - len(left), failed)


def _pin(item: Item, pinner: Pinner, store: EvidenceStore, seconds: int) -> str:
    """Pin one item; why it is not, or nothing."""
    try:
        measured = Measured(item.sha256, item.size, item.cid)
        pinner.pin(partial(store.read, item.sha256), measured, seconds=seconds)
    except Unavailable as error:
        return error.detail
    return ""
