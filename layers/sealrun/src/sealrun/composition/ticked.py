"""The stores, keys and starts of one `sealrun tick`: a ledger from a branch, a bucket, and a key file.

The workflows are those of every deployment. What differs is when a start may leave: only once the branch
holds the claim.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from sealrun.adapters.aws.letter_bucket import FILES
from sealrun.adapters.aws.metrics import Meter
from sealrun.adapters.keys.key_file import FileKeys
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.composition.services import Services
from sealrun.composition.settings import Settings
from sealrun.encoding.measure import Measured
from sealrun.errors import ProviderBusy
from sealrun.money.vouchers import Reserve
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Quota, Rate
from sealrun.ports.evidence import Content, EvidenceStore
from sealrun.ports.provider import Provider
from sealrun.runs.record import SEND_WITHIN, Record
from sealrun.runs.run import Job, Project, Run
from sealrun.workflows.start_run import PutOff


class NotingLedger(SqlLedger):
    """The SQL ledger, telling of each call whose record it changed."""

    def __init__(self, database: Database, *, changed: Callable[[int], None]) -> None:
        super().__init__(database)
        self._changed = changed

    def claim(
        self,
        record: Record,
        offer: Offer,
        *,
        identifier: str | None,
        rate: Rate | None = None,
        reserve: Reserve | None = None,
        quotas: Sequence[Quota] = (),
    ) -> bool:
        claimed = super().claim(
            record, offer, identifier=identifier, rate=rate, reserve=reserve, quotas=quotas
        )
        if claimed:
            self._changed(record.call_hash)
        return claimed

    def save(self, before: Record, after: Record) -> bool:
        saved = super().save(before, after)
        if saved:
            self._changed(after.call_hash)
        return saved


class PublicEvidence:
    """An evidence store whose URLs are those of public files, which last.

    ``asked`` are the names of the files whose URLs were asked for, by their digests.
    """

    def __init__(self, store: EvidenceStore, *, public_url: str) -> None:
        self._store, self._public_url = store, public_url
        self.asked: dict[str, str] = {}

    def put(self, content: Content, measured: Measured, *, media_type: str) -> None:
        self._store.put(content, measured, media_type=media_type)

    def get(self, sha256: str) -> bytes:
        return self._store.get(sha256)

    def read(self, sha256: str) -> Iterator[bytes]:
        return self._store.read(sha256)

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:  # noqa: ARG002
        self.asked[sha256] = filename
        return f"{self._public_url}/{FILES}{sha256}"


class NoWaker:
    """Nobody is woken: a tick looks at everything that is due."""

    def wake(self, call_hash: int) -> None:
        """The call is due in a moment."""

    def look(self, groups: Sequence[Sequence[int]]) -> bool:  # noqa: ARG002
        return False


class Ticked:
    """``sealrun.composition.outside.Outside`` of one tick."""

    def __init__(
        self, database: Database, keys: FileKeys, store: PublicEvidence, *, changed: Callable[[int], None]
    ) -> None:
        """``changed`` is told the hash of each call whose record changes."""
        self._database, self._keys, self._store, self._changed = database, keys, store, changed
        self._deployment = Deployment(database)

    def ledger(self) -> NotingLedger:
        return NotingLedger(self._database, changed=self._changed)

    def store(self) -> PublicEvidence:
        return self._store

    def keys(self) -> FileKeys:
        return self._keys

    def waker(self) -> NoWaker:
        return NoWaker()

    def share(self, offer_hash: int) -> AbstractContextManager[bool]:  # noqa: ARG002
        """A tick answers one letter after the other."""
        return nullcontext(True)  # noqa: FBT003

    def meter(self) -> Meter:
        return Meter("")

    def ledger_id(self) -> int:
        return 0

    def oracle_key(self, address: str) -> bytes:
        return self._deployment.oracle_keys().get(address, b"")


class KeptFirst:
    """A provider that starts nothing before the claim is kept where every other tick sees it (R3)."""

    def __init__(
        self, provider: Provider, *, keep: Callable[[], None], clock: Callable[[], float], since: float
    ) -> None:
        """The provider, and what comes before a start.

        Args:
            provider: opened for one offer.
            keep: returns once the claim is kept, and raises what ends the tick where it cannot be.
            clock: seconds.
            since: when the claim was leased, by that clock.
        """
        self._provider, self._keep, self._clock, self._since = provider, keep, clock, since

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        self._keep()
        if self._clock() > self._since + SEND_WITHIN:  # another tick may search before the run shows up
            raise ProviderBusy("state: expected to keep the claim in time, got late", retry_after=1)
        return self._provider.start(name=name, inputs=inputs)

    def head(self) -> str:
        return self._provider.head()

    def project(self) -> Project:
        return self._provider.project()

    def find(self, name: str, *, since: int, known: int = 0) -> list[Run]:
        return self._provider.find(name, since=since, known=known)

    def read(self, run_id: int) -> Run:
        return self._provider.read(run_id)

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:
        return self._provider.changed(since=since, started=started)

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        self._provider.cancel(run_id, force=force)

    def jobs(self, run_id: int) -> list[Job]:
        return self._provider.jobs(run_id)

    def jobs_now(self, run_id: int) -> list[Job]:
        return self._provider.jobs_now(run_id)

    def log(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        return self._provider.log(job_id)

    def artifacts(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        return self._provider.artifacts(job_id)


class TickServices(Services):
    """The services of one tick."""

    def __init__(
        self, settings: Settings, outside: Ticked, *, put_off: PutOff, keep: Callable[[], None]
    ) -> None:
        """``keep`` is called before each start: see ``KeptFirst``."""
        super().__init__(settings, put_off=put_off, outside=outside)
        self._keep = keep

    def open_provider(self, stored: StoredOffer) -> Provider:
        since = time.monotonic()
        provider = super().open_provider(stored)
        return KeptFirst(provider, keep=self._keep, clock=time.monotonic, since=since)
