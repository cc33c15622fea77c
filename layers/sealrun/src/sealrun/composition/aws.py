"""Everything a function may need, made when it is first used: a cold start pays for nothing else."""

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.adapters.files.archives import unpack_zip
from sealrun.adapters.files.spool import spooled
from sealrun.adapters.ipfs.pins import PinService, open_pinner, parse_services
from sealrun.adapters.memory.remembered_keys import RememberedKeys
from sealrun.chain.account import Pinned
from sealrun.errors import SealrunError
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.keys import Oracle
from sealrun.ports.provider import Provider
from sealrun.service.credentials import Credential, key_context, open_credential
from sealrun.workflows.read_contract import OfferContracts, sealed_credential
from sealrun.workflows.start_run import Starter

if TYPE_CHECKING:
    import httpx

    from sealrun.adapters.aws.kms import KmsKeys
    from sealrun.adapters.aws.s3 import S3EvidenceStore
    from sealrun.adapters.mina.node import MinaNodes
    from sealrun.workflows.collect_run import Collector
    from sealrun.workflows.pin_items import Pinning
    from sealrun.workflows.reserve_price import Payments

OPENED_SECONDS = 300

_NAMES = ("TABLE", "EVIDENCE_BUCKET", "KMS_KEY", "COLLECT_FUNCTION", "PUBLIC_URL")


@dataclass(frozen=True)
class Settings:
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
    pinned_offer: Pinned | None = None  # the code of offers' contracts; none reads no credential from chain
    mina_archives: tuple[str, ...] = ()  # GraphQL URLs; the nodes' own where there is none
    artifact_origins: tuple[str, ...] = ()  # object storage that the provider redirects artifacts to
    private_hosts: tuple[str, ...] = ()  # providers that may have addresses of a private network
    tls_authorities: str = ""  # a PEM file of authorities that are trusted beside the public ones
    pins: tuple[PinService, ...] = ()  # where public evidence is pinned; on S3 it is in any case
    # Ciphertexts by their public keys, where a new oracle key serves beside an old one (A9).
    oracle_keys: Mapping[str, bytes] = field(default_factory=dict)
    offers: tuple[int, ...] = ()  # hashes of those that the stack serves; none serves all of its table (A3)
    origin_digests: tuple[str, ...] = ()  # SHA-256 of what the distribution shows; none asks for nothing
    viewer_header: str = ""  # where the distribution says whose request it is; empty takes the connection's
    metrics: str = ""  # CloudWatch's namespace; empty counts nothing

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """From ``SEALRUN_...`` variables.

        Raises:
            KeyError: one of them is missing.
        """
        named = {name.lower(): environment[f"SEALRUN_{name}"] for name in _NAMES}
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
            mina_nodes=nodes,
            pins=parse_services(environment.get("SEALRUN_PIN", ""), unsafe_loopback=unsafe),
            ledger=ledger,
            pinned=_pinned(environment, "SEALRUN_VERIFICATION_KEY"),
            pinned_offer=_pinned(environment, "SEALRUN_OFFER_VERIFICATION_KEY"),
            mina_archives=tuple(environment.get("SEALRUN_MINA_ARCHIVES", "").split()),
            offers=tuple(int(each, 16) for each in environment.get("SEALRUN_OFFERS", "").split()),
            origin_digests=tuple(environment.get("SEALRUN_ORIGIN_SECRET_DIGESTS", "").split()),
            viewer_header=environment.get("SEALRUN_VIEWER_HEADER", ""),
            metrics=environment.get("SEALRUN_METRICS", ""),
        )


def _oracle_keys(text: str) -> tuple[bytes, dict[str, bytes]]:
    """One base64 ciphertext, or several as ``ADDRESS:BASE64`` with spaces between."""
    if ":" not in text:
        return base64.b64decode(text), {}
    named = dict(each.split(":", 1) for each in text.split())
    return b"", {address: base64.b64decode(ciphertext) for address, ciphertext in named.items()}


def _pinned(environment: Mapping[str, str], name: str) -> Pinned | None:
    """The code of one kind of contract, and the protocol; the defaults are those before Mesa."""
    key = environment.get(name, "")
    version = int(environment.get("SEALRUN_TXN_VERSION", "3"))
    fields = int(environment.get("SEALRUN_STATE_FIELDS", "8"))
    return Pinned(key, version, fields) if key else None


class Services:
    """The ports' real implementations for one function."""

    def __init__(
        self, settings: Settings, *, put_off: Callable[[int, SealrunError], None] | None = None
    ) -> None:
        """``put_off`` is told why a call's step waits for a later look."""
        self._settings, self._put_off = settings, put_off
        self._clients: dict[str, httpx.Client] = {}
        self._opened: dict[tuple[int, bytes], tuple[int, Credential]] = {}

    @staticmethod
    def clock() -> int:
        """Unix seconds."""
        return int(time.time())

    @cached_property
    def ledger(self) -> DynamoLedger:
        """Offers, calls and counters."""
        settings = self._settings
        return DynamoLedger(self._aws("dynamodb"), table=settings.table, serves=settings.offers)

    @cached_property
    def store(self) -> "S3EvidenceStore":
        """The evidence bucket."""
        from sealrun.adapters.aws.s3 import S3EvidenceStore, open_s3  # noqa: PLC0415

        return S3EvidenceStore(open_s3(), bucket=self._settings.evidence_bucket)

    @cached_property
    def webhook_keys(self) -> RememberedKeys:
        """The key service for what anybody can ask about as often as they like."""
        return RememberedKeys(self.keys, self.clock)

    @cached_property
    def keys(self) -> "KmsKeys":
        """The key service."""
        from sealrun.adapters.aws.kms import KmsKeys  # noqa: PLC0415

        return KmsKeys(self._aws("kms"), key_id=self._settings.kms_key)

    @cached_property
    def starter(self) -> Starter:
        """What starts runs."""
        from sealrun.adapters.aws.waker import LambdaWaker  # noqa: PLC0415

        waker = LambdaWaker(self._aws("lambda"), function=self._settings.collect_function)
        if self._put_off is None:
            return Starter(self.open_provider, waker)
        return Starter(self.open_provider, waker, self._put_off)

    @cached_property
    def collector(self) -> "Collector":
        """What collects runs and signs receipts."""
        from sealrun.providers.issuers import PinnedIssuers  # noqa: PLC0415
        from sealrun.workflows.collect_run import Collector  # noqa: PLC0415

        unsafe = self._settings.unsafe_loopback
        issuers = PinnedIssuers(self._issuer_http, clock=self.clock, unsafe_loopback=unsafe)
        oracle, store, secrets, pinning = self.open_oracle, self.store, self._secrets, self.pinning
        return Collector(self.starter, oracle, store, unpack_zip, spooled, issuers, secrets, pinning)

    @cached_property
    def pinning(self) -> "Pinning":
        """Where public evidence is pinned."""
        from sealrun.workflows.pin_items import Pinning  # noqa: PLC0415

        unsafe, services = self._settings.unsafe_loopback, self._settings.pins
        return Pinning([open_pinner(each, lambda: self.keys, unsafe_loopback=unsafe) for each in services])

    @cached_property
    def chain(self) -> "MinaNodes":
        """The Mina nodes; one of them is enough to be called, none says so when it is asked."""
        import httpx  # noqa: PLC0415

        from sealrun.adapters.mina.node import MinaNodes  # noqa: PLC0415
        from sealrun.transport.http import guarded_client, origin_of  # noqa: PLC0415

        urls, archives = self._settings.mina_nodes, self._settings.mina_archives
        origins = {origin_of(httpx.URL(url)) for url in (*urls, *archives)}
        client = guarded_client(origins, unsafe_loopback=self._settings.unsafe_loopback)
        return MinaNodes(client, urls=urls, clock=self.clock, archives=archives)

    @cached_property
    def payments(self) -> "Payments | None":
        """What sells for money; None where the stack pins no account code."""
        from sealrun.money.x402 import Seller  # noqa: PLC0415
        from sealrun.workflows.reserve_price import Payments  # noqa: PLC0415

        pinned = self._settings.pinned
        if pinned is None:
            return None
        return Payments(self.chain, Seller(self._settings.public_url, pinned), self._settings.ledger)

    @cached_property
    def contracts(self) -> OfferContracts | None:
        """What reads offers' contracts; None where the stack pins no code of theirs."""
        pinned = self._settings.pinned_offer
        return OfferContracts(self.chain, pinned) if pinned else None

    def open_provider(self, stored: StoredOffer) -> Provider:
        """The offer's provider with its credential, which goes to the offer's origin only (R1).

        Raises:
            Unavailable: the credential is out of reach, does not open, or is not this offer's.
        """
        from sealrun.providers.kind import Opening, kind_of  # noqa: PLC0415

        source, token = stored.offer.source, self._credential(stored).token
        client = partial(self._http, source.origin)
        opening = Opening(source, token, client, files_from=self._settings.artifact_origins)
        return kind_of(source.provider).open(opening)

    def open_oracle(self, stored: StoredOffer) -> Oracle:
        """The oracle that the offer names.

        Raises:
            Unavailable: this function holds another key, or none.
        """
        from sealrun.adapters.keys.oracle import open_oracle  # noqa: PLC0415

        settings = self._settings
        ciphertext = settings.oracle_keys.get(stored.offer.oracle, settings.oracle_key)
        return open_oracle(stored, ciphertext=ciphertext, keys=self.keys)

    def _secrets(self, stored: StoredOffer) -> list[bytes]:
        """The API token, and what signs webhooks, with and without its prefix."""
        context = key_context("webhook", stored.offer.id)
        webhook = self.keys.decrypt(stored.webhook_secret, context=context)
        return [self._credential(stored).token.encode(), webhook, webhook.removeprefix(b"whsec_")]

    def _credential(self, stored: StoredOffer) -> Credential:
        """The opened credential, kept for minutes: a rotated one is another box, a revoked one fails."""
        key = stored.offer.hash, stored.sealed
        opened_at, credential = self._opened.get(key, (0, None))
        if credential is None or self.clock() >= opened_at + OPENED_SECONDS:
            sealed = sealed_credential(stored, self.contracts, clock=self.clock)
            credential = open_credential(stored.offer, sealed, stored.sealing_key, self.keys)
            self._opened[key] = self.clock(), credential
        return credential

    def _issuer_http(self, origin: str) -> "httpx.Client":
        return self._http(origin, self._settings.artifact_origins)

    def _http(self, origin: str, files_from: Sequence[str]) -> "httpx.Client":
        """One client an origin: its connections and its TLS context are kept between calls."""
        from sealrun.transport.http import guarded_client, trusting  # noqa: PLC0415

        if origin not in self._clients:
            settings = self._settings
            self._clients[origin] = guarded_client(
                {origin, *files_from},
                verify=trusting(settings.tls_authorities) if settings.tls_authorities else None,
                private_hosts=settings.private_hosts,
                unsafe_loopback=settings.unsafe_loopback,
            )
        return self._clients[origin]

    @staticmethod
    def _aws(name: Any) -> Any:
        import boto3  # noqa: PLC0415

        return boto3.client(name)
