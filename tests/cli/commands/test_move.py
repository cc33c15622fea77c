"""``sealrun move``: evidence goes along where it is told to, before the old database is emptied."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sealrun.adapters.aws.s3 import open_bucket
from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.encoding.measure import measure
from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli.lib.evidence_copies import NO_URLS
from sealrun_cli.main import app
from tests.ports.stores import new_bucket, s3_server
from tests.ports.test_ledger import OFFER

BODIES = [b"first", b"second" * 100_000]
DIGESTS = [measure([body]).sha256 for body in BODIES]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a service that sold something."""
    folder = tmp_path / "old"
    folder.mkdir()
    with closing(Database(f"sqlite:///{folder}/ledger.db")) as database:
        SqlLedger(database).publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
    store = FolderEvidenceStore(folder / "evidence", urls=NO_URLS)
    for body in BODIES:
        store.put(lambda body=body: [body], measure([body]), media_type="text/plain")  # type: ignore[misc]
    return folder


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, and the variables by which its server is asked."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, s3_server()[0].environment()[name])
    return new_bucket()


def move(old: Path, *words: str, status: int = 0) -> dict[str, Any]:
    """Into ``new.db`` beside the old folder."""
    to = f"sqlite:///{old.parent}/new.db"
    done = CliRunner().invoke(app, ["move", to, "--folder", str(old), "--yes", "--json", *words])
    assert done.exit_code == status, done.output
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def offers(path: Path) -> list[int]:
    with closing(Database(f"sqlite:///{path}")) as database:
        return list(SqlLedger(database).published())


def test_the_evidence_of_a_folder_goes_into_a_bucket(old: Path, bucket: str) -> None:
    told = move(old, "--evidence-to", bucket)
    assert (told["files"], told["evidence"]) == (2, bucket)
    assert [open_bucket(bucket).get(digest) for digest in DIGESTS] == BODIES
    assert (offers(old / "ledger.db"), offers(old.parent / "new.db")) == ([], [OFFER.hash])


def test_the_evidence_of_a_folder_goes_into_another_one(old: Path, tmp_path: Path) -> None:
    assert move(old, "--evidence-to", str(tmp_path / "new"))["files"] == 2
    assert list(FolderEvidenceStore(tmp_path / "new", urls=NO_URLS).names()) == sorted(DIGESTS)


def test_evidence_that_is_to_go_nowhere_stays_and_the_result_says_where(old: Path) -> None:
    told = move(old)
    assert (told["files"], told["evidence"]) == (0, str(old / "evidence"))


def test_evidence_that_is_not_what_its_name_says_leaves_the_old_ledger_as_it_was(
    old: Path, bucket: str
) -> None:
    [path] = (old / "evidence").rglob(DIGESTS[0])
    path.chmod(0o600)
    path.write_bytes(b"other")
    assert move(old, "--evidence-to", bucket, status=1)["error"]["type"] == "store-unavailable"
    assert offers(old / "ledger.db") == [OFFER.hash]


def test_evidence_in_a_bucket_is_copied_by_its_own_tools(old: Path, bucket: str) -> None:
    told = move(old, "--evidence", bucket, "--evidence-to", "elsewhere", status=1)
    assert told["error"]["detail"] == "evidence: expected a folder to copy, got a bucket"
    assert offers(old / "ledger.db") == [OFFER.hash]
