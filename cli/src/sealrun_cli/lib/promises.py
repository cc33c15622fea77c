"""The document behind a credit, as its seller writes it and as buyers read it."""

from dataclasses import dataclass
from pathlib import Path

from mina.keys import PublicKey
from sealrun.offers.asset import MINA
from sealrun.offers.promise import MAX_PROMISE_BYTES, Promise, promised
from sealrun_cli.lib.credit_view import CreditNode
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import amount_of
from sealrun_cli.lib.service import HERE, Service
from sealrun_cli.lib.units import SLOT_SECONDS

_DAY = 86_400


@dataclass(frozen=True)
class Draft:
    """What the command line says of a new promise."""

    title: str
    text: str
    offers: tuple[str, ...]
    symbol: str
    cap: int
    backing: str
    price: str
    days: int

    def document(
        self, path: Path, parties: tuple[PublicKey, PublicKey, PublicKey], node: CreditNode
    ) -> bytes:
        """The bytes of the file, which is written if there is none: a repeat finds the same.

        Args:
            path: of the file.
            parties: token, vault and seller.
            node: whose slot the days count from.

        Raises:
            CliError: there is no file, and something is missing to write it.
            Malformed: a value is not of its form.
        """
        if path.exists():
            return read_promise(path)
        given = {
            "title": self.title,
            "text": self.text,
            "offer": self.offers,
            "symbol": self.symbol,
            "cap": self.cap,
            "backing": self.backing,
            "price": self.price,
            "days": self.days,
        }
        if missing := [f"--{name}" for name, value in given.items() if not value]:
            detail = f"promise: expected {path}, or {', '.join(missing)} to write it, got none"
            raise CliError("bad-request", detail)
        token, vault, seller = parties
        made = Promise(
            network=node.network,
            token=token,
            vault=vault,
            seller=seller,
            symbol=self.symbol,
            cap=self.cap,
            backing=amount_of(self.backing, MINA),
            price=amount_of(self.price, MINA),
            expiry=node.slot() + self.days * _DAY // SLOT_SECONDS,
            title=self.title,
            text=self.text,
            offers=self.offers,
        )
        document = made.document()
        Promise.parse(document)
        path.write_bytes(document)
        return document


def read_promise(path: Path) -> bytes:
    """The bytes of a file, as many as a promise can have and one more."""
    with path.open("rb") as file:
        return file.read(MAX_PROMISE_BYTES + 1)


def fetch_promise(service: Service, uri: str) -> bytes:
    """The bytes at the address that a token's URI names. Not checked: their hash.

    Raises:
        Malformed: the URI names no address.
        CliError: nothing is there.
    """
    url, _ = promised(uri)
    try:
        return service.body(url, at_most=MAX_PROMISE_BYTES)
    except CliError as error:
        asked = "ask the seller for the promise's file, and name it with --promise"
        raise CliError(error.kind, error.detail, HERE if error.following == HERE else asked) from error
