"""What a deployment tells its functions, from the environment."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sealrun.chain.account import Pinned

if TYPE_CHECKING:
    from sealrun.adapters.ipfs.pins import PinService

_NAMES = ("TABLE", "EVIDENCE_BUCKET", "KMS_KEY", "COLLECT_FUNCTION", "PUBLIC_URL")


class Settings(NamedTuple):
    """What the stack tells its functions."""

    table: str
    evidence_bucket: str
    kms_key: str
    collect_function: str
    public_url: str
    oracle_key: bytes  # a KMS ciphertext; empty where the function signs nothing, or holds several
    unsafe_loopback: bool  # providers on http://127.0.0.1, for a stack on one machine only
    mina_nodes: tuple[str, ...] = ()  # GraphQL URLs, the preferred one first; none sells for nothing only
    ledger: int = 0  # the ledger id of this table, for offers that have a price (A3)
    pinned: Pinned | None = None
    pinned_proved: Pinned | None = None  # the code of accounts that proofs settle; none takes none of them
    pinned_offer: Pinned | None = None  # the code of offers' contracts; none reads no credential from chain
    mina_archives: tuple[str, ...] = ()  # GraphQL URLs; the nodes' own where there is none
    artifact_origins: tuple[str, ...] = ()  # object storage that the provider redirects artifacts to
    private_hosts: tuple[str, ...] = ()  # providers that may have addresses of a private network
    tls_authorities: str = ""  # a PEM file of authorities that are trusted beside the public ones
    proxy: str = ""  # http://host:port, through which all but private hosts and AWS are reached
    pins: "tuple[PinService, ...]" = ()  # where public evidence is pinned; on S3 it is in any case
    # Ciphertexts by their public keys, where a new oracle key serves beside an old one (A9).
    oracle_keys: Mapping[str, bytes] = {}
    offers: tuple[int, ...] = ()  # hashes of those that the stack serves; none serves all of its table (A3)
    origin_digests: tuple[str, ...] = ()  # SHA-256 of what the distribution shows; none asks for nothing
    viewer_header: str = ""  # where the distribution says whose request it is; empty takes the connection's
    metrics: str = ""  # CloudWatch's namespace; empty counts nothing
    page: str = ""  # where browsers find the buyer's page, a path here or a URL; empty shows them JSON
    redemption_seconds: int = 0  # how long a redemption may wait before it is taken; 0 is the usual hour
    look_queue: str = ""  # the URL of the queue of calls to look at; empty looks in the sweep itself

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """From ``SEALRUN_...`` variables.

        Raises:
            KeyError: one of them is missing.
        """
        named: Mapping[str, Any] = {name.lower(): environment[f"SEALRUN_{name}"] for name in _NAMES}
        oracle_key, oracle_keys = _oracle_keys(environment.get("SEALRUN_ORACLE_KEY", ""))
        unsafe = environment.get("SEALRUN_UNSAFE_LOOPBACK") == "1"
        nodes = tuple(environment.get("SEALRUN_MINA_NODES", "").split())
        ledger = int(environment.get("SEALRUN_LEDGER", "0"))
        return cls(
            **named,
            oracle_key=oracle_key,
            oracle_keys=oracle_keys,
            unsafe_loopback=unsafe,
            artifact_origins=tuple(environment.get("SEALRUN_ARTIFACT_ORIGINS", "").split()),
            private_hosts=tuple(environment.get("SEALRUN_PRIVATE_HOSTS", "").split()),
            tls_authorities=environment.get("SEALRUN_TLS_AUTHORITIES", ""),
            proxy=environment.get("SEALRUN_PROXY", ""),
            mina_nodes=nodes,
            pins=_pins(environment.get("SEALRUN_PIN", ""), unsafe_loopback=unsafe),
            ledger=ledger,
            pinned=_pinned(environment, "SEALRUN_VERIFICATION_KEY"),
            pinned_proved=_pinned(environment, "SEALRUN_PROVED_VERIFICATION_KEY"),
            pinned_offer=_pinned(environment, "SEALRUN_OFFER_VERIFICATION_KEY"),
            mina_archives=tuple(environment.get("SEALRUN_MINA_ARCHIVES", "").split()),
            offers=tuple(int(each, 16) for each in environment.get("SEALRUN_OFFERS", "").split()),
            origin_digests=tuple(environment.get("SEALRUN_ORIGIN_SECRET_DIGESTS", "").split()),
            viewer_header=environment.get("SEALRUN_VIEWER_HEADER", ""),
            metrics=environment.get("SEALRUN_METRICS", ""),
            page=environment.get("SEALRUN_PAGE_AT", ""),
            look_queue=environment.get("SEALRUN_LOOK_QUEUE", ""),
        )


def _oracle_keys(text: str) -> tuple[bytes, dict[str, bytes]]:
    """One base64 ciphertext, or several as ``ADDRESS:BASE64`` with spaces between."""
    if ":" not in text:
        return base64.b64decode(text), {}
    named = dict(each.split(":", 1) for each in text.split())
    return b"", {address: base64.b64decode(ciphertext) for address, ciphertext in named.items()}


def _pins(text: str, *, unsafe_loopback: bool) -> "tuple[PinService, ...]":
    if not text:
        return ()
    from sealrun.adapters.ipfs.pins import parse_services  # noqa: PLC0415  one function pins

    return parse_services(text, unsafe_loopback=unsafe_loopback)


def _pinned(environment: Mapping[str, str], name: str) -> Pinned | None:
    """The code of one kind of contract, and the protocol; the defaults are those before Mesa."""
    key = environment.get(name, "")
    version = int(environment.get("SEALRUN_TXN_VERSION", "3"))
    fields = int(environment.get("SEALRUN_STATE_FIELDS", "8"))
    return Pinned(key, version, fields) if key else None
