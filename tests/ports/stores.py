"""Every implementation of the stores' ports, opened empty. Each suite of this folder runs over all of them.

Whoever writes another store adds one line here.
"""

import atexit
import functools
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
import requests
from _pytest.mark import ParameterSet
from moto import mock_aws
from nacl.pwhash import argon2id

from local.aws import TABLE, AwsServer, create_table
from sealrun.adapters.aws.direct.client import Client, Retries
from sealrun.adapters.aws.direct.connections import Answer, Connections
from sealrun.adapters.aws.direct.services import DynamoDb, Kms
from sealrun.adapters.aws.direct.sigv4 import Credentials, Scope
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.adapters.aws.kms import KmsKeys
from sealrun.adapters.aws.s3 import PREFIX, S3EvidenceStore, open_bucket
from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.adapters.keys.key_file import Cost, create_key_file, open_key_file
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.adapters.sql.snapshot import snapshot
from sealrun.composition.ticked import NotingLedger
from sealrun.ports.calls import Ledger
from sealrun.ports.evidence import EvidenceStore
from sealrun.ports.keys import KeyService
from tests.infra.ministack import Ministack
from tests.ports.postgres import new_database
from tests.sealrun.fakes import FakeKeys, FakeLedger, FakeStore

REGION = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}

Store = TypeVar("Store")
# Opens the store in an empty folder, which only some of them need.
Open = Callable[[Path], AbstractContextManager[Store]]


class OneAtATime:
    """A client of moto's whose requests wait for each other: moto is not atomic, and what it mocks is."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        return self._alone(value) if callable(value) else value

    def _alone(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def asked(**arguments: Any) -> Any:
            with self._lock:
                return request(**arguments)

        return asked


@dataclass(frozen=True)
class OpenedEvidence:
    """An evidence store, and what its suite must see or do behind its back."""

    store: EvidenceStore
    kept: Callable[[], list[str]]  # whatever lies in it, half-written files and unfinished uploads included
    spoil: Callable[[str, bytes], None]  # put these bytes where those of the digest belong
    scheme: str = "https"  # of its URLs


def dynamo() -> DynamoLedger:
    """A ledger on an empty table of moto's; only within ``mock_aws``."""
    client: Any = boto3.client("dynamodb", **REGION)  # type: ignore[call-overload]
    create_table(client)
    return DynamoLedger(OneAtATime(client), table="calls")  # type: ignore[arg-type]


@contextmanager
def _dynamodb(_: Path) -> Iterator[Ledger]:
    with mock_aws():
        yield dynamo()


class _ThroughMoto(Connections):
    """Sends what the direct clients ask by ``requests``, which moto answers within this process."""

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = requests.request(
            method, f"https://{self.host}{path}", headers=headers, data=body, timeout=60
        )
        return Answer(answer.status_code, {n.lower(): v for n, v in answer.headers.items()}, answer.content)


def direct(service: str) -> Client:
    """What signs and sends for a direct client; only within ``mock_aws``."""
    region = REGION["region_name"]
    return Client(
        _ThroughMoto(f"https://{service}.{region}.amazonaws.com"),
        scope=Scope(region, service),
        credentials=lambda: Credentials("test", "test"),
        retries=Retries(1, None),
    )


@contextmanager
def _dynamodb_direct(_: Path) -> Iterator[Ledger]:
    with mock_aws():
        create_table(boto3.client("dynamodb", **REGION))  # type: ignore[call-overload]
        yield DynamoLedger(OneAtATime(DynamoDb(direct("dynamodb"))), table="calls")  # type: ignore[arg-type]


@functools.cache
def ministack() -> Ministack:
    """An AWS that is not moto, until this process ends."""
    started = Ministack(Path(tempfile.mkdtemp(prefix="sealrun-ministack-")))
    atexit.register(started.close)
    return started


@contextmanager
def _dynamodb_ministack(_: Path) -> Iterator[Ledger]:
    client = ministack().client("dynamodb")
    create_table(client)
    yield DynamoLedger(client, table=TABLE)
    client.delete_table(TableName=TABLE)


@contextmanager
def _fake_ledger(_: Path) -> Iterator[Ledger]:
    yield FakeLedger()


@contextmanager
def _sqlite(folder: Path) -> Iterator[Ledger]:
    with closing(Database(f"sqlite:///{folder}/ledger.db")) as database:
        yield SqlLedger(database)


@contextmanager
def _ticked(folder: Path) -> Iterator[Ledger]:
    """The ledger of a tick, over a database that came out of bytes as a branch keeps them."""
    made, pulled = folder / "made.db", folder / "pulled.db"
    Database(f"sqlite:///{made}").close()
    pulled.touch(mode=0o600)
    pulled.write_bytes(snapshot(made).content)
    with closing(Database(f"sqlite:///{pulled}")) as database:
        yield NotingLedger(database, changed=lambda _: None)


@contextmanager
def _postgresql(_: Path) -> Iterator[Ledger]:
    with closing(Database(new_database())) as database:
        yield SqlLedger(database)


@contextmanager
def _s3(_: Path) -> Iterator[OpenedEvidence]:
    with mock_aws():
        client = boto3.client("s3", **REGION)  # type: ignore[call-overload]
        where = {"LocationConstraint": "eu-central-1"}
        client.create_bucket(Bucket="evidence", CreateBucketConfiguration=where)
        yield _bucket(client, "evidence", S3EvidenceStore(client, bucket="evidence"))


@contextmanager
def _s3_endpoint(_: Path) -> Iterator[OpenedEvidence]:
    """As ``sealrun serve --evidence`` names it, on a server in a process of its own."""
    server, client = s3_server()
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, server.environment()[name])
        place = new_bucket()
        yield _bucket(
            client, place.partition("?")[0].removeprefix("s3://"), open_bucket(place), scheme="http"
        )


@contextmanager
def _s3_ministack(_: Path) -> Iterator[OpenedEvidence]:
    client, name = ministack().client("s3"), f"evidence-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield _bucket(client, name, S3EvidenceStore(client, bucket=name), scheme="http")


@functools.cache
def s3_server() -> tuple[AwsServer, Any]:
    """A server with S3's API until this process ends, and a client of it."""
    server = AwsServer(Path(tempfile.mkdtemp(prefix="sealrun-s3-")))
    atexit.register(server.close)
    return server, server.client("s3")


def new_bucket() -> str:
    """An empty bucket on that server, as ``--evidence`` names it."""
    server, client = s3_server()
    name = f"evidence-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return f"s3://{name}?endpoint={server.url}"


def _bucket(client: Any, name: str, store: EvidenceStore, scheme: str = "https") -> OpenedEvidence:
    def kept() -> list[str]:
        objects = client.list_objects_v2(Bucket=name).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=name).get("Uploads", [])
        return [each["Key"] for each in [*objects, *uploads]]

    def spoil(sha256: str, body: bytes) -> None:
        client.put_object(Bucket=name, Key=PREFIX + sha256, Body=body)

    return OpenedEvidence(store, kept, spoil, scheme)


@contextmanager
def _fake_evidence(_: Path) -> Iterator[OpenedEvidence]:
    store = FakeStore()
    yield OpenedEvidence(store, lambda: list(store.bytes), store.bytes.__setitem__)


@contextmanager
def _folder(folder: Path) -> Iterator[OpenedEvidence]:
    root = folder / "evidence"
    urls = SignedUrls("https://oracle.example/evidence", b"k" * 32, lambda: 1_800_000_000)

    def kept() -> list[str]:
        return sorted(path.name for path in root.rglob("*") if path.is_file())

    def spoil(sha256: str, body: bytes) -> None:
        [path] = root.rglob(sha256)
        path.chmod(0o600)
        path.write_bytes(body)

    yield OpenedEvidence(FolderEvidenceStore(root, urls=urls), kept, spoil)


@contextmanager
def _kms(_: Path) -> Iterator[KeyService]:
    with mock_aws():
        client = boto3.client("kms", **REGION)  # type: ignore[call-overload]
        yield KmsKeys(client, key_id=client.create_key()["KeyMetadata"]["KeyId"])


@contextmanager
def _kms_direct(_: Path) -> Iterator[KeyService]:
    with mock_aws():
        key = boto3.client("kms", **REGION).create_key()["KeyMetadata"]["KeyId"]  # type: ignore[call-overload]
        yield KmsKeys(Kms(direct("kms")), key_id=key)  # type: ignore[arg-type]


@contextmanager
def _key_file(folder: Path) -> Iterator[KeyService]:
    cheap = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
    create_key_file(folder / "oracle.key", "correct horse battery", cost=cheap)
    yield open_key_file(folder / "oracle.key", "correct horse battery")


@contextmanager
def _fake_keys(_: Path) -> Iterator[KeyService]:
    yield FakeKeys()


LEDGERS: dict[str, Open[Ledger]] = {
    "fake": _fake_ledger,
    "dynamodb": _dynamodb,
    "dynamodb direct": _dynamodb_direct,
    "dynamodb ministack": _dynamodb_ministack,
    "sqlite": _sqlite,
    "tick": _ticked,
    "postgresql": _postgresql,
}
# Those that several threads or processes may write at once. The direct client changes nothing there, and of
# ticks at once each has a ledger of its own.
SHARED_LEDGERS = [name for name in LEDGERS if name not in ("fake", "dynamodb direct", "tick")]
EVIDENCE: dict[str, Open[OpenedEvidence]] = {
    "fake": _fake_evidence,
    "s3": _s3,
    "s3 endpoint": _s3_endpoint,
    "s3 ministack": _s3_ministack,
    "folder": _folder,
}
# ministack's KMS opens a ciphertext that was changed, so it says nothing of this port.
KEYS: dict[str, Open[KeyService]] = {
    "fake": _fake_keys,
    "kms": _kms,
    "kms direct": _kms_direct,
    "key file": _key_file,
}


def parameters(names: Iterable[str]) -> list[ParameterSet]:
    """Each store as a test's parameter; those in a server that has to be installed are real peers."""
    return [pytest.param(n, marks=[pytest.mark.peers] if "ministack" in n else []) for n in names]
