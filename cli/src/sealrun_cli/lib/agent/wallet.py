"""What an agent may sign for: caps per call, per 24 hours and per seller, counted before anything is signed.

One JSON file in the state folder, locked while it is changed. All servers of this folder share it, and no
restart forgets it. What counts is how far a signature raises the highest total that was ever signed for the
account, for that is what a seller and its oracle together could take (A10). It counts for 24 hours. Another
call after a run that failed raises nothing, so it counts nothing, whatever the oracle says of the run.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.errors import Malformed
from sealrun.offers.asset import Amount
from sealrun.offers.offer import Offer
from sealrun_cli.lib.book import locked, replace_json
from sealrun_cli.lib.errors import CliError

NAME = "agent"
DAY = 24 * 60 * 60
# Older purchases are forgotten once there are so many.
MAX_PURCHASES = 1000
ORDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Caps:
    """The most that is signed for without asking anybody."""

    per_call: Amount
    per_day: Amount  # in any 24 hours, whoever sells
    per_seller: Amount  # in any 24 hours, for one seller

    def broken(self, price: Amount, more: Amount, *, today: Amount, at_seller: Amount) -> str:
        """Which cap one more call would break, in words; empty for none.

        Args:
            price: of the call.
            more: by how much it raises what was signed.
            today: what was signed in these 24 hours.
            at_seller: the part of it that is one seller's.
        """
        if not price <= self.per_call:
            return f"the cap of {self.per_call} per call; this call costs {price}"
        if not today + more <= self.per_day:
            return f"the cap of {self.per_day} in 24 hours; {today} are used, this call needs {more}"
        if not at_seller + more <= self.per_seller:
            used = f"{at_seller} are used, this call needs {more}"
            return f"the cap of {self.per_seller} per seller in 24 hours; {used}"
        return ""


@dataclass(frozen=True)
class Bought:
    """One purchase under the name that the agent gave it."""

    order: str
    purchase: str  # which attempt holds the order
    call: str  # 64 hex digits; of the last call that was signed for it
    offer: str  # its URL
    account: str  # empty for an offer of price 0
    seller: str
    asset: str  # the token's id, base58; empty before anything is signed
    price: int  # smallest units
    signed: int  # by how much the order raised what was signed for the account, smallest units
    at: int  # Unix seconds of the last signature
    failed: bool = False  # the oracle signed that the run did not succeed, and its price was freed


class Wallet:
    """The file; every method takes the lock for as long as it looks or changes."""

    def __init__(
        self, folder: Path, caps: Caps, *, clock: Callable[[], int] = lambda: int(time.time())
    ) -> None:
        self._folder, self._caps, self._clock = folder, caps, clock

    @property
    def caps(self) -> Caps:
        return self._caps

    def ordered(self, order: str) -> Bought | None:
        """The purchase of this name.

        Raises:
            CliError: the name is none, or the file is damaged.
        """
        if not ORDER.fullmatch(order):
            detail = "order: expected 1 to 64 letters, digits and . _ -, beginning with a letter or digit"
            raise CliError("bad-request", detail, "name each purchase, and use the name again to retry it")
        with locked(self._folder, NAME):
            return next((each for each in self._read() if each.order == order), None)

    def of_call(self, call: str) -> Bought | None:
        """The purchase that this call was signed for."""
        with locked(self._folder, NAME):
            return next((each for each in self._read() if each.call == call), None)

    def broken_by(self, offer: Offer, price: Amount, more: int) -> str:
        """Which cap a call of this offer would break now, if it raises what was signed by so much."""
        with locked(self._folder, NAME):
            return self._broken(self._read(), _seller(offer), price, more)

    def left(self) -> Amount:
        """What may still be signed for in these 24 hours."""
        with locked(self._folder, NAME):
            today = self._used(self._read())
        most = self._caps.per_day
        return most.asset.of(max(0, most.units - today.units))

    def count(self, wanted: Bought, price: Amount, more: int, *, beyond: bool) -> None:
        """Count one signature for the order; ``beyond`` the caps where a person agreed to it.

        ``price`` is in the account's asset; ``more`` is by how much the signature raises what was signed.

        Raises:
            CliError: a cap would be broken, or another purchase has the order.
        """
        with locked(self._folder, NAME):
            known = self._read()
            before = next((each for each in known if each.order == wanted.order), None)
            if before is not None and before.purchase != wanted.purchase:
                raise CliError("conflict", f"order: expected a new one, got that of call {before.call}")
            if not beyond and (why := self._broken(known, wanted.seller, price, more)):
                raise over(why)
            signed = (before.signed if before else 0) + more
            kept = [each for each in known if each is not before]
            priced = replace(wanted, price=price.units, asset=price.asset.id)
            self._write([*kept, replace(priced, signed=signed, at=self._clock())])

    def failed(self, call: str) -> bool:
        """Note that the call's run did not succeed; True for whoever is the first to say so."""
        with locked(self._folder, NAME):
            known = self._read()
            found = next((each for each in known if each.call == call and not each.failed), None)
            if found is not None:
                self._write([replace(each, failed=True) if each is found else each for each in known])
            return found is not None

    def _broken(self, known: list[Bought], seller: str, price: Amount, more: int) -> str:
        if price.units == 0:
            return ""
        if price.asset != self._caps.per_call.asset:
            return f"caps in {self._caps.per_call.asset.symbol}; this call costs {price}"
        here = [each for each in known if each.seller == seller]
        today, at_seller = self._used(known), self._used(here)
        return self._caps.broken(price, price.asset.of(more), today=today, at_seller=at_seller)

    def _used(self, known: list[Bought]) -> Amount:
        since, asset = self._clock() - DAY, self._caps.per_day.asset
        return asset.of(sum(each.signed for each in known if each.at > since and each.asset == asset.id))

    def _write(self, known: list[Bought]) -> None:
        """The purchases that count, and the newest of the others."""
        since = self._clock() - DAY
        young = [each for each in known if each.at > since]
        old = [each for each in known if each.at <= since]
        if (room := MAX_PURCHASES - len(young)) < 0:
            raise CliError(
                "state", f"agent: expected at most {MAX_PURCHASES} purchases in 24 hours, got more"
            )
        replace_json(self._path, [asdict(each) for each in (*old[max(0, len(old) - room) :], *young)])

    def _read(self) -> list[Bought]:
        if not self._path.exists():
            return []
        try:
            value: Any = json.loads(self._path.read_bytes())
            return [_bought(each) for each in value]
        except (ValueError, TypeError, Malformed) as error:
            raise CliError("state", f"{self._path}: expected what this command wrote, got {error}") from error

    @property
    def _path(self) -> Path:
        return self._folder / f"{NAME}.json"


def over(why: str) -> CliError:
    """Nobody agreed to more than the caps."""
    return CliError(
        "cap", f"caps: expected a call within them, got one over {why}; nothing was signed for it"
    )


def new_purchase(order: str, purchase: str, offer: Offer, url: str, account: str) -> Bought:
    """Nothing is signed for it yet."""
    return Bought(order, purchase, "", url, account, _seller(offer), "", 0, 0, 0)


def _seller(offer: Offer) -> str:
    return offer.payment.terms.seller.to_base58() if offer.payment else ""


def _bought(value: Any) -> Bought:
    names = tuple(Bought.__dataclass_fields__)
    found = read.only(value, names, where=NAME)
    texts = ("order", "purchase", "call", "offer", "account", "seller", "asset")
    numbers = ("price", "signed", "at")
    if not all(isinstance(found[name], str) for name in texts) or not isinstance(found["failed"], bool):
        raise Malformed("agent: expected texts, got something else")
    for name in numbers:
        read.whole(found, name, low=0, high=MAX_UINT64)
    return Bought(**found)
