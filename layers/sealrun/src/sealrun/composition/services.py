"""Everything a function may need, made when it is first used: a cold start pays for nothing else."""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from sealrun.composition.outside import Outside
from sealrun.composition.settings import Settings
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.ports.evidence import EvidenceStore
from sealrun.ports.keys import KeyService, Oracle
from sealrun.ports.meter import Meter
from sealrun.ports.provider import Provider
from sealrun.workflows.start_run import PutOff, Starter

if TYPE_CHECKING:
    from sealrun.adapters.memory.remembered_keys import RememberedKeys
    from sealrun.adapters.mina.node import MinaNodes
    from sealrun.service.credentials import Credential
    from sealrun.transport.http import Client
    from sealrun.workflows.collect_run import Collector
    from sealrun.workflows.pin_items import Pinning
    from sealrun.workflows.read_contract import OfferContracts
    from sealrun.workflows.reserve_price import Payments

OPENED_SECONDS = 300
# Whoever waits for Mina nodes holds a share of the process under this name, as an offer's requests do.
NODES = 0

# Those of a program that runs all functions in one process; on AWS each function has its own.
_shared: "Services | None" = None


def open_services(environment: Mapping[str, str], *, put_off: PutOff | None = None) -> "Services":
    """The services of a function: those on AWS that its environment names, or the process's own.

    ``put_off`` is told why a call's step waits for a later look.
    """
    return _shared or Services(Settings.read(environment), put_off=put_off)


def share(services: "Services | None") -> None:
    """Give these services to every function that is loaded from now on in this process."""
    global _shared  # noqa: PLW0603  a handler takes no arguments
    _shared = services


class Services:
    """The ports' real implementations for one function."""

    def __init__(
        self, settings: Settings, *, put_off: PutOff | None = None, outside: Outside | None = None
    ) -> None:
        """Nothing is opened yet; ``outside`` is AWS where it is left out."""
        self.settings = settings
        self._put_off, self._outside = put_off, outside or _aws(settings)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        self._opened: dict[tuple[int, bytes], tuple[int, Credential]] = {}

    def open_all(self) -> "Services":
        """Open every part now, before threads share it."""
        _ = self.ledger, self.store, self.opened_keys, self.collector, self.meter, self.contracts
        if self.settings.mina_nodes:
            _ = self.chain
        return self

    @staticmethod
    def clock() -> int:
        """Unix seconds."""
        return int(time.time())

    @cached_property
    def ledger(self) -> Ledger:
        """Offers, calls and counters."""
        return self._outside.ledger()

    @cached_property
    def store(self) -> EvidenceStore:
        """Where evidence is kept."""
        return self._outside.store()

    @cached_property
    def meter(self) -> Meter:
        """Where counts and times go."""
        return self._outside.meter()

    @cached_property
    def opened_keys(self) -> "RememberedKeys":
        """The key service for what every call needs: what it opened is kept for minutes."""
        from sealrun.adapters.memory.remembered_keys import RememberedKeys  # noqa: PLC0415

        return RememberedKeys(self.keys, self.clock)

    @cached_property
    def keys(self) -> KeyService:
        """The key service."""
        return self._outside.keys()

    @cached_property
    def starter(self) -> Starter:
        """What starts runs."""
        outside = self._outside
        starter = Starter(self.open_provider, outside.waker(), share=outside.share)
        return starter if self._put_off is None else starter._replace(put_off=self._put_off)

    @cached_property
    def collector(self) -> "Collector":
        """What collects runs and signs receipts."""
        from sealrun.adapters.files.archives import unpack_zip  # noqa: PLC0415
        from sealrun.adapters.files.spool import spooled  # noqa: PLC0415
        from sealrun.providers.issuers import PinnedIssuers  # noqa: PLC0415
        from sealrun.workflows.collect_run import Collector  # noqa: PLC0415

        unsafe = self.settings.unsafe_loopback
        issuers = PinnedIssuers(self._issuer_http, clock=self.clock, unsafe_loopback=unsafe)
        oracle, store, secrets, pinning = self.open_oracle, self.store, self._secrets, self.pinning
        return Collector(self.starter, oracle, store, unpack_zip, spooled, issuers, secrets, pinning)

    @cached_property
    def pinning(self) -> "Pinning":
        """Where public evidence is pinned."""
        from sealrun.adapters.ipfs.pins import open_pinner  # noqa: PLC0415
        from sealrun.workflows.pin_items import Pinning  # noqa: PLC0415

        return Pinning(
            [open_pinner(each, lambda: self.keys, client=self._guarded) for each in self.settings.pins]
        )

    @cached_property
    def chain(self) -> "MinaNodes":
        """The Mina nodes; one of them is enough to be called, none says so when it is asked."""
        from sealrun.adapters.mina.node import MinaNodes  # noqa: PLC0415
        from sealrun.encoding.origins import origin_of  # noqa: PLC0415

        urls, archives = self.settings.mina_nodes, self.settings.mina_archives
        origins = {origin_of(url) for url in (*urls, *archives)}
        share = partial(self._outside.share, NODES)
        return MinaNodes(self._guarded(origins), urls=urls, clock=self.clock, archives=archives, share=share)

    @property
    def payments(self) -> "Payments | None":
        """What sells for money; None where the stack pins no account code."""
        from sealrun.money.x402 import Seller  # noqa: PLC0415
        from sealrun.workflows.reserve_price import Payments  # noqa: PLC0415

        pinned = self.settings.pinned
        if pinned is None:
            return None
        seller = Seller(self.settings.public_url, pinned, self.settings.pinned_proved)
        return Payments(self.chain, seller, self._outside.ledger_id())

    @cached_property
    def contracts(self) -> "OfferContracts | None":
        """What reads offers' contracts; None where the stack pins no code of theirs."""
        pinned = self.settings.pinned_offer
        if pinned is None:
            return None
        from sealrun.workflows.read_contract import OfferContracts  # noqa: PLC0415

        return OfferContracts(self.chain, pinned)

    def open_provider(self, stored: StoredOffer) -> Provider:
        """The offer's provider with its credential, which goes to the offer's origin only (R1).

        Raises:
            Unavailable: the credential is out of reach, does not open, or is not this offer's.
        """
        from sealrun.providers.kind import Opening, kind_of  # noqa: PLC0415

        source, token = stored.offer.source, self._credential(stored).token
        client = partial(self._http, source.origin)
        opening = Opening(source, token, client, files_from=self.settings.artifact_origins)
        return kind_of(source.provider).open(opening)

    def open_oracle(self, stored: StoredOffer) -> Oracle:
        """The oracle that the offer names.

        Raises:
            Unavailable: this function holds another key, or none.
        """
        from sealrun.adapters.keys.oracle import open_oracle  # noqa: PLC0415

        ciphertext = self._outside.oracle_key(stored.offer.oracle)
        return open_oracle(stored, ciphertext=ciphertext, keys=self.opened_keys)

    def _secrets(self, stored: StoredOffer) -> list[bytes]:
        """The API token, and what signs webhooks, with and without its prefix."""
        from sealrun.service.credentials import key_context  # noqa: PLC0415

        context = key_context("webhook", stored.offer.id)
        webhook = self.opened_keys.decrypt(stored.webhook_secret, context=context)
        return [self._credential(stored).token.encode(), webhook, webhook.removeprefix(b"whsec_")]

    def _credential(self, stored: StoredOffer) -> "Credential":
        """The opened credential, kept for minutes: a rotated one is another box, a revoked one fails."""
        from sealrun.service.credentials import open_credential  # noqa: PLC0415

        key = stored.offer.hash, stored.sealed
        opened_at, credential = self._opened.get(key, (0, None))
        if credential is None or self.clock() >= opened_at + OPENED_SECONDS:
            credential = open_credential(stored.offer, self._sealed(stored), stored.sealing_key, self.keys)
            self._opened[key] = self.clock(), credential
        return credential

    def _sealed(self, stored: StoredOffer) -> bytes:
        if stored.offer.contract is None:
            return stored.sealed
        from sealrun.workflows.read_contract import sealed_credential  # noqa: PLC0415

        return sealed_credential(stored, self.contracts, clock=self.clock)

    def _issuer_http(self, origin: str) -> "Client":
        return self._http(origin, self.settings.artifact_origins)

    def _http(self, origin: str, files_from: Sequence[str]) -> "Client":
        """One client an origin: its connections and its TLS context are kept between calls."""
        with self._lock:
            if origin not in self._clients:
                self._clients[origin] = self._guarded({origin, *files_from})
            return self._clients[origin]

    def _guarded(self, origins: Collection[str]) -> "Client":
        """The one way out, as the deployment has it."""
        from sealrun.transport.authorities import trusting  # noqa: PLC0415
        from sealrun.transport.http import GuardedClient  # noqa: PLC0415

        settings = self.settings
        return GuardedClient(
            origins,
            verify=trusting(settings.tls_authorities) if settings.tls_authorities else None,
            private_hosts=settings.private_hosts,
            proxy=settings.proxy,
            unsafe_loopback=settings.unsafe_loopback,
        )


def _aws(settings: Settings) -> Outside:
    from sealrun.composition.aws import Aws  # noqa: PLC0415  its adapters need AWS's libraries

    return Aws(settings)
