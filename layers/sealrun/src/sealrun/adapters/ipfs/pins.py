"""Which IPFS nodes and pinning services a stack uses, and how each of them is opened.

``SEALRUN_PIN`` names them, with spaces between: ``KIND:URL``, and after ``#`` the service's token as a KMS
ciphertext in base64, whose context is ``key_context("pinning", "KIND:URL")``:

    kubo:https://ipfs.example.org         the node's RPC API; the token, if any, is a bearer token
    psa:https://pins.example.org/psa      an IPFS Pinning Service API, which has to find the bytes on IPFS
    filebase:https://s3.filebase.com/BUCKET    the token is KEY:SECRET
    pinata:https://uploads.pinata.cloud
"""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sealrun.encoding.origins import origin_of
from sealrun.errors import Malformed, PinFailed
from sealrun.ports.evidence import Pinner
from sealrun.ports.keys import KeyService
from sealrun.service.credentials import key_context

if TYPE_CHECKING:
    from sealrun.transport.http import Client

OpenClient = Callable[[Collection[str]], "Client"]  # a guarded client for these origins
_LOOPBACK = "http://127.0.0.1:"


@dataclass(frozen=True)
class PinService:
    """One of them as the stack's settings have it."""

    kind: str
    url: str
    token: bytes = field(repr=False)  # a KMS ciphertext; empty where none is needed

    @classmethod
    def parse(cls, text: str, *, unsafe_loopback: bool) -> "PinService":
        """Read one ``KIND:URL[#CIPHERTEXT]``.

        Raises:
            ValueError: no such kind, no https, or no base64.
        """
        named, _, token = text.partition("#")
        kind, _, url = named.partition(":")
        if kind not in _OPENERS:
            raise ValueError(f"SEALRUN_PIN: expected one of {', '.join(_OPENERS)}, got {kind[:40]!a}")
        if not url.startswith(("https://", _LOOPBACK) if unsafe_loopback else "https://"):
            raise ValueError(f"SEALRUN_PIN: expected {kind}:https://, got another URL")
        try:
            return cls(kind, url, base64.b64decode(token, validate=True))
        except binascii.Error:
            raise ValueError(f"SEALRUN_PIN: expected the token of {named} in base64, got no such") from None

    @property
    def name(self) -> str:
        """What the token is bound to."""
        return f"{self.kind}:{self.url}"

    @property
    def lacks_token(self) -> bool:
        """True if it takes nothing without a token and names none; a node needs none."""
        return not self.token and self.kind != "kubo"


def parse_services(text: str, *, unsafe_loopback: bool) -> tuple[PinService, ...]:
    """All of them, in their order; none in empty text.

    Raises:
        ValueError: as for one.
    """
    return tuple(PinService.parse(each, unsafe_loopback=unsafe_loopback) for each in text.split())


class Token:
    """A service's token, opened when it is first used: one that does not open costs pins, not receipts."""

    def __init__(self, service: PinService, keys: Callable[[], KeyService], given: str = "") -> None:
        """``given`` is the token itself, where somebody typed it; else the service's ciphertext is opened."""
        self._service, self._keys, self._given = service, keys, given

    @cached_property
    def text(self) -> str:
        """The token; empty where the service needs none.

        Raises:
            StoreUnavailable: the key service does not open it.
            PinFailed: it is no token.
        """
        plain = self._given.encode() or self._opened()
        if not plain.isascii() or not plain.decode("ascii").isprintable():
            raise PinFailed(f"token: expected printable ASCII for {self._service.kind}, got something else")
        return plain.decode("ascii")

    def _opened(self) -> bytes:
        if not self._service.token:
            return b""
        context = key_context("pinning", self._service.name)
        return self._keys().decrypt(self._service.token, context=context)

    def bearer(self) -> Mapping[str, str]:
        """The header that authorises, if anything does."""
        return {"Authorization": f"Bearer {self.text}"} if self.text else {}


def open_pinner(
    service: PinService, keys: Callable[[], KeyService], *, client: OpenClient, token: str = ""
) -> Pinner:
    """The service's adapter; nothing is asked of it yet.

    Raises:
        ValueError: its URL is none that may be reached.
    """
    return _OPENERS[service.kind](service, Token(service, keys, token), client)


def _client(service: PinService, client: OpenClient) -> "Client":
    try:
        return client([origin_of(service.url)])
    except Malformed as error:
        raise ValueError(error.detail) from error


def _kubo(service: PinService, token: Token, client: OpenClient) -> Pinner:
    from sealrun.adapters.ipfs.kubo import KuboPinner  # noqa: PLC0415

    return KuboPinner(_client(service, client), url=service.url, headers=token.bearer)


def _service(service: PinService, token: Token, client: OpenClient) -> Pinner:
    from sealrun.adapters.ipfs.pinning_service import ServicePinner  # noqa: PLC0415

    return ServicePinner(_client(service, client), url=service.url, headers=token.bearer)


def _pinata(service: PinService, token: Token, client: OpenClient) -> Pinner:
    from sealrun.adapters.ipfs.pinata import PinataPinner  # noqa: PLC0415

    return PinataPinner(_client(service, client), url=service.url, headers=token.bearer)


def _filebase(service: PinService, token: Token, _client: OpenClient) -> Pinner:
    from sealrun.adapters.ipfs.filebase import FilebasePinner, open_bucket  # noqa: PLC0415

    endpoint, _, bucket = service.url.rpartition("/")
    return FilebasePinner(lambda: open_bucket(endpoint, token.text), bucket=bucket)


_OPENERS: dict[str, Callable[[PinService, Token, OpenClient], Pinner]] = {
    "kubo": _kubo,
    "psa": _service,
    "filebase": _filebase,
    "pinata": _pinata,
}
