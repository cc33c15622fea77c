"""The signed word of an oracle that a commit has a certain mirror, for contracts that believe its key."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.encoding import read
from sealrun.encoding.fields import MIRROR, NETWORKS, document_hash, network_field, text_field
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.origins import origin_of
from sealrun.errors import Malformed

MAX_BYTES = 4096
MAX_URL = 500
_MAX_UNIX_SECONDS = 253_402_300_799


@dataclass(frozen=True)
class Statement:
    """``root`` is the mirror's root of this commit of this repository, as of ``at``."""

    network: str
    repository: str  # its URL, as ``repository_url`` gives it
    commit: str  # 40 hex digits
    root: int
    at: int  # Unix seconds

    def fields(self) -> list[int]:
        """The six fields that are signed, in their order."""
        repository = document_hash("sealrun:repository", self.repository.encode())
        commit = int(self.commit, 16)
        return [text_field(MIRROR), network_field(self.network), repository, commit, self.root, self.at]

    def signed(self, public_key: PublicKey, signature: Signature) -> dict[str, Any]:
        """The JSON object ``{data, signature, publicKey}``."""
        data = {
            "network": self.network,
            "repository": self.repository,
            "commit": self.commit,
            "root": str(self.root),
            "at": self.at,
        }
        return {"data": data, "signature": signature.to_base58(), "publicKey": public_key.to_base58()}


def read_signed(document: bytes, oracle: PublicKey) -> Statement:
    """The statement that this oracle signed.

    Not checked: how old it is, and that its root is the commit's; whoever has the repository can compute it.

    Raises:
        Malformed: the document is too long or not of its form, or another key signed it.
    """
    value = read.only(
        parse_object(document, at_most=MAX_BYTES), ("data", "signature", "publicKey"), where="statement"
    )
    data = read.only(value["data"], ("network", "repository", "commit", "root", "at"), where="data")
    statement = Statement(
        network=read.one_of(data, "network", NETWORKS),
        repository=repository_url(str(data["repository"])),
        commit=read.text(data, "commit", pattern="[0-9a-f]{40}", says="40 hex digits"),
        root=read.decimal(data, "root", high=P - 1),
        at=read.whole(data, "at", low=0, high=_MAX_UNIX_SECONDS),
    )
    try:
        signature = Signature.from_base58(value["signature"])
    except ValueError as error:
        raise Malformed(f"statement: {error}") from error
    if not verify_fields(signature, oracle, statement.fields()):
        raise Malformed("statement: expected the oracle's signature, got another")
    return statement


def repository_url(url: str) -> str:
    """The one spelling of a repository's URL: its canonical origin and its path, without ``.git``.

    Raises:
        Malformed: it is no URL of http or https with a path, or it has a user, a query or a fragment.
    """
    form = "repository: expected https://host/path without user, query and fragment, got another"
    try:
        origin, parts = origin_of(url), urlsplit(url)
    except Malformed:
        raise Malformed(form) from None
    path = parts.path.rstrip("/").removesuffix(".git")
    plain = url.isascii() and url.isprintable() and len(url) <= MAX_URL
    if not (plain and path) or parts.query or parts.fragment:
        raise Malformed(form)
    if "//" in path or {".", ".."} & set(path.split("/")):
        raise Malformed(form)
    return origin + path
