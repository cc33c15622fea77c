"""What a buyer's own client remembers of each account: its terms, and the highest limit it ever signed (A10).

One JSON file per account, locked while a payment is under way, written before the signature leaves.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64, canonical
from sealrun.errors import Malformed
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA, Asset, asset_of
from sealrun.offers.offer import Offer
from sealrun.offers.prices import named_asset
from sealrun.offers.terms import Terms
from sealrun_cli.lib.errors import DECIDED, CliError

PARTS = ("terms", "committed", "highest", "refused")
# Of a token, what the offer said for people; accounts in MINA have no such part.
NAMED = "asset"
# Tickets of the account that were sold, by the payment's hash; an account without any has no such part.
SOLD = "sold"
# For whoever names an account of other terms: perhaps that of the same key on another network.
OTHER_STATE = (
    "`sealrun open` opens one of these terms; another account of the same key needs a --state of its own"
)
# More than anybody retries by hand.
MAX_REFUSED = 100


class Sold(NamedTuple):
    """A ticket that a payment bought; a voucher of the account pays for its run."""

    sale: str  # id of the sale
    payer: str  # whose key redeems it
    limit: int


@dataclass
class Page:
    """One account; ``save`` after each change."""

    path: Path
    terms: Terms
    known: Known
    asset: Asset = MINA  # that of the terms, as the offer names it
    refused: list[str] = field(default_factory=list)  # calls that were signed for and not taken, newest last
    sold: dict[str, Sold] = field(default_factory=dict)  # by the hash of the payment

    @property
    def named(self) -> bool:
        """Whether symbol and decimals of the asset are known."""
        return self.asset != asset_of(self.terms.asset.token) or self.asset == MINA

    def check(self, terms: int, following: str = OTHER_STATE) -> None:
        """One key has an account on each network and in each asset: this is the one under these terms (A10).

        Raises:
            CliError: it is another one.
        """
        if self.terms.hash != terms:
            kept = f"which is kept for one in {self.asset.symbol} on {self.terms.network} of other terms"
            detail = f"account: expected one of the terms {terms:064x}, got that of {self.path.stem}, {kept}"
            raise CliError("wrong-account", detail, following)

    def refuse(self, call_hash: int) -> None:
        """Remember a call that the operator refused after its limit was signed; ``save`` keeps it."""
        self.refused = [*self.refused, str(call_hash)][-MAX_REFUSED:]

    def save(self) -> None:
        """Replace the file in one step."""
        value: dict[str, Any] = {
            "terms": self.terms.value(),
            "committed": str(self.known.committed),
            "highest": str(self.known.highest),
            "refused": self.refused,
        }
        if self.named and self.asset != MINA:
            value[NAMED] = self.asset.value()
        if self.sold:
            value[SOLD] = {
                payment: {"sale": each.sale, "payer": each.payer, "limit": str(each.limit)}
                for payment, each in self.sold.items()
            }
        replace_json(self.path, value)


@contextmanager
def page(
    folder: Path,
    account: str,
    terms: Terms | None = None,
    known: Known | None = None,
    *,
    asset: Asset | None = None,
    following: str = OTHER_STATE,
) -> Iterator[Page]:
    """Open the account's page under a lock; where there is none, begin one with these terms and figures.

    ``asset`` is that of the terms, as the offer names it; ``following`` is for ``Page.check``.

    Raises:
        CliError: there is no page, and nothing to begin it with; or it is of an account of other terms.
    """
    path = folder / f"{account}.json"
    with locked(folder, account):
        if path.exists():
            kept = _read(path)
            if terms is not None:
                kept.check(terms.hash, following)
            yield kept
        elif terms is not None and known is not None:
            yield Page(path, terms, known, asset or asset_of(terms.asset.token))
        else:
            raise CliError("state", f"account: expected {path}, got none", "name the terms, or the node")


@contextmanager
def opening(folder: Path, account: str, terms: Terms, asset: Asset) -> Iterator[None]:
    """Keep the terms of an account that is opened meanwhile: `exit` needs them, also if the answer is lost.

    They are forgotten where it is certain that this attempt opened nothing, unless an earlier one kept them.

    Raises:
        CliError: this client keeps the address for an account of other terms, which is open, or may still be
            opened by a transaction whose answer was lost: without its terms nobody leaves it.
    """
    following = "nothing was paid; name another file with --account-key"
    with page(folder, account, terms, Known(0, 0), asset=asset, following=following) as book:
        before = book.path.exists()
        book.asset = asset
        book.save()
        try:
            yield
        except CliError as error:
            if error.kind in DECIDED and not before:
                book.path.unlink()
            raise


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of this name in the folder, which is made where it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def replace_json(path: Path, value: Any) -> None:
    """Write the file in one step: it is the old one or the new one, whatever happens."""
    scratch = path.with_suffix(".new")
    with scratch.open("w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def known_page(folder: Path, account: str) -> Page | None:
    """What this client remembers of the account, if it opened or used it; not to be saved."""
    path = folder / f"{account}.json"
    return _read(path) if path.exists() else None


def known_assets(folder: Path) -> Iterator[Asset]:
    """What this client's accounts are kept in; a page that cannot be read is left out."""
    for path in sorted(folder.glob("B62*.json")):
        if "." not in path.stem:
            with suppress(CliError):
                known = _read(path)
                if known.named:
                    yield known.asset


def known_terms(folder: Path, account: str) -> Terms | None:
    """The terms that the account was opened for, if this client opened or used it."""
    known = known_page(folder, account)
    return known.terms if known else None


def terms_in(path: Path) -> Terms:
    """The terms in a file: the object itself, or an offer document that has them, for its first price."""
    try:
        value: Any = json.loads(path.read_bytes())
    except ValueError as error:
        raise CliError("bad-request", f"terms: expected JSON in {path}, got something else") from error
    if not isinstance(value, dict) or "terms" not in value:
        return Terms.parse(value)
    payment = Offer.parse(canonical(value)).payment
    if payment is None:
        raise CliError("bad-request", f"terms: expected an offer with a price in {path}, got one of price 0")
    return payment.terms


def _read(path: Path) -> Page:
    try:
        content: Any = json.loads(path.read_bytes())
        value = read.only({"refused": [], **content}, PARTS, where=path.name, optional=(NAMED, SOLD))
        committed, highest = (read.decimal(value, name, high=MAX_UINT64) for name in ("committed", "highest"))
        refused = [str(int(each)) for each in value["refused"]]
        terms = Terms.parse(value["terms"])
        asset = asset_of(terms.asset.token)
        if NAMED in value:
            asset = named_asset({"asset": asset.id, **value[NAMED]})
        sold = {payment: _sold(each) for payment, each in dict(value.get(SOLD, {})).items()}
        return Page(path, terms, Known(committed, highest), asset, refused, sold)
    except (ValueError, TypeError, Malformed) as error:
        raise CliError("state", f"{path}: expected what this command wrote, got {error}") from error


def _sold(value: Any) -> Sold:
    members = read.only(value, Sold._fields, where=SOLD)
    payer = read.public_key(members, "payer").to_base58()
    return Sold(str(members["sale"]), payer, read.decimal(members, "limit", high=MAX_UINT64))
