"""The stores, keys and wakes of a service on machines of one's own: SQL, a folder or S3, and a key file."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.adapters.keys.key_file import FileKeys
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.composition.measured import MeasuredLedger
from sealrun.composition.services import Services
from sealrun.composition.settings import Settings
from sealrun.ports.evidence import EvidenceStore
from sealrun.ports.meter import Meter
from sealrun.ports.waker import Waker
from sealrun.runs.record import Record

EVIDENCE_PATH = "/evidence"
URL_KEY = "evidence urls"


class Served:
    """``sealrun.composition.outside.Outside`` over one SQL database."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keys: FileKeys,
        *,
        waker: Waker,
        meter: Meter,
        ended: Callable[[Record], None],
        share: Callable[[int], AbstractContextManager[bool]],
    ) -> None:
        """The settings name the database, the place of evidence and the key file, in place of AWS's.

        ``ended`` is told of each call that this process brought to its end; ``share`` gives an offer's
        requests their part of its threads.
        """
        self._settings, self._database, self._keys = settings, database, keys
        self._waker, self._meter, self._ended, self._share = waker, meter, ended, share
        self._deployment = Deployment(database)

    def ledger(self) -> MeasuredLedger:
        return MeasuredLedger(self._database, serves=self._settings.offers, ended=self._ended)

    def store(self) -> EvidenceStore:
        return open_evidence(self._settings, self._keys)

    def keys(self) -> FileKeys:
        return self._keys

    def waker(self) -> Waker:
        return self._waker

    def share(self, offer_hash: int) -> AbstractContextManager[bool]:
        return self._share(offer_hash)

    def meter(self) -> Meter:
        return self._meter

    def ledger_id(self) -> int:
        return self._deployment.ledger_id()

    def oracle_key(self, address: str) -> bytes:
        return self._deployment.oracle_keys().get(address, b"")


def open_evidence(settings: Settings, keys: FileKeys) -> EvidenceStore:
    """A folder, or ``s3://BUCKET?endpoint=URL`` for a server with S3's API.

    Raises:
        Malformed: the URL is none.
        StoreUnavailable: the folder cannot be made or opened.
    """
    place = settings.evidence_bucket
    if not place.startswith("s3:"):
        base = settings.public_url + EVIDENCE_PATH
        urls = SignedUrls(base, keys.derived(URL_KEY), Services.clock)
        return FolderEvidenceStore(Path(place), urls=urls)
    from sealrun.adapters.aws.s3 import open_bucket  # noqa: PLC0415  needs boto3

    return open_bucket(place)
