"""A backup holds what its ledger names, byte by byte, and is restored into a new place only."""

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from nacl.pwhash import argon2id

from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.keys.key_file import Cost, create_key_file, open_key_file
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.encoding.measure import measure
from sealrun.errors import Malformed, StoreUnavailable
from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli.lib.backlog import kept_of
from sealrun_cli.lib.backups import make_backup, restore_backup
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence_copies import NO_URLS
from sealrun_cli.lib.served import open_database
from sealrun_cli.lib.serving import Places, places
from tests.ports.test_ledger import NOW, OFFER
from tests.sealrun.world import ACCOUNT, make_offer

FILES = [b"first", b"second" * 100_000]
CHEAP = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
NAME = ACCOUNT.public_key().to_base58()
PASSPHRASE = "correct horse battery"


def at(folder: Path) -> Places:
    made = places(folder, "sealrun", store="", evidence="", keys="")
    made.make_folder()
    return made


def store(of: Places) -> FolderEvidenceStore:
    return FolderEvidenceStore(Path(of.evidence), urls=NO_URLS)


@pytest.fixture
def service(tmp_path: Path) -> Places:
    """One that sold something."""
    made = at(tmp_path / "service")
    with closing(Database(made.store)) as database:
        SqlLedger(database).publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
    for body in FILES:
        store(made).put(lambda body=body: [body], measure([body]), media_type="text/plain")  # type: ignore[misc]
    create_key_file(Path(made.keys), PASSPHRASE, cost=CHEAP)
    return made


def backed_up(service: Places, to: Path) -> Path:
    make_backup(service, to, now=NOW, tell=lambda _: None)
    return to


def restored(source: Path, to: Places) -> None:
    restore_backup(to, source, reason="restored", tell=lambda _: None)


def test_what_is_restored_is_what_was_backed_up(service: Places, tmp_path: Path) -> None:
    copied = make_backup(service, tmp_path / "backup", now=NOW, tell=lambda _: None)
    assert (copied.files, copied.made_at) == (len(FILES), NOW)
    restored(tmp_path / "backup", new := at(tmp_path / "new"))
    with closing(Database(new.store)) as database:
        offer = SqlLedger(database).offer(OFFER.hash)
    assert offer == StoredOffer(OFFER, "", b"sealed", b"key", b"secret", paused="restored")
    assert [store(new).get(measure([body]).sha256) for body in FILES] == FILES
    secret = open_key_file(Path(service.keys), PASSPHRASE).encrypt(b"secret", context={})
    assert open_key_file(Path(new.keys), PASSPHRASE).decrypt(secret, context={}) == b"secret"


@pytest.fixture
def proofs(tmp_path: Path) -> Path:
    """A seller's folder, as after a settlement and a fold that waits."""
    folder = tmp_path / "proofs"
    kept = kept_of(folder, NAME)
    kept.note_settled({"calls": [{"call": "aa"}], "statement": {"after": "7"}})
    kept.keep_fold({"calls": [{"call": "bb"}], "statement": {"after": "8"}})
    kept.keep_proof("cd" * 32, {"proof": "AAAA"})
    (folder / NAME / "voucher.json").write_text('{"limit": "5"}')
    for other in (folder / NAME / "steps" / "a.json", folder / "notes" / "mine.json"):
        other.parent.mkdir()
        other.write_text("{}")
    return folder


def test_what_a_seller_keeps_to_settle_is_in_the_backup(
    service: Places, proofs: Path, tmp_path: Path
) -> None:
    copied = make_backup(service, tmp_path / "backup", now=NOW, tell=lambda _: None, proofs=proofs)
    assert copied.proofs == 6
    again = tmp_path / "again"
    restore_backup(at(tmp_path / "new"), tmp_path / "backup", reason="x", tell=lambda _: None, proofs=again)
    files = {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}
    names = {f"{'cd' * 32}.proof.json", "fold.proof.json", "folds/7.json", "folds/8.json", "settled.json"}
    assert files.keys() == {Path(NAME) / name for name in (*names, "voucher.json")}
    assert all((proofs / name).read_bytes() == content for name, content in files.items())
    assert {stat.S_IMODE((again / name).stat().st_mode) for name in files} == {0o600}
    kept = kept_of(again, NAME)
    assert (kept.settled, kept.fold and kept.fold["statement"]["after"]) == ([{"call": "aa"}], "8")


def test_proofs_are_restored_over_none_of_the_same_account(
    service: Places, proofs: Path, tmp_path: Path
) -> None:
    make_backup(service, tmp_path / "backup", now=NOW, tell=lambda _: None, proofs=proofs)
    (proofs / NAME / "settled.json").write_text('[{"call": "newer"}]')
    new = at(tmp_path / "new")
    with pytest.raises(CliError, match="expected no proofs of this account yet, got some"):
        restore_backup(new, tmp_path / "backup", reason="x", tell=lambda _: None, proofs=proofs)
    assert kept_of(proofs, NAME).settled == [{"call": "newer"}]
    assert not Path(new.keys).exists()


def test_a_backup_from_before_proofs_is_restored(service: Places, proofs: Path, tmp_path: Path) -> None:
    folder = backed_up(service, tmp_path / "backup")
    about = json.loads((folder / "backup.json").read_text())
    del about["proofs"]
    (folder / "backup.json").write_text(json.dumps(about))
    restore_backup(at(tmp_path / "new"), folder, reason="x", tell=lambda _: None, proofs=proofs)
    assert kept_of(proofs, NAME).settled == [{"call": "aa"}]


@pytest.mark.parametrize("part", ["", "folds", "settled.json"])
def test_e7_no_part_of_a_backups_proofs_is_a_link(
    service: Places, proofs: Path, tmp_path: Path, part: str
) -> None:
    make_backup(service, tmp_path / "backup", now=NOW, tell=lambda _: None, proofs=proofs)
    linked = tmp_path / "backup" / "proofs" / NAME / part
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    again = tmp_path / "again"
    with pytest.raises(CliError, match="expected what `sealrun prove` made, got a link"):
        restore_backup(
            at(tmp_path / "new"), tmp_path / "backup", reason="x", tell=lambda _: None, proofs=again
        )


def test_a_backup_is_its_owners_alone(service: Places, tmp_path: Path) -> None:
    folder = backed_up(service, tmp_path / "backup")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600


def test_a_file_that_was_changed_is_not_backed_up(service: Places, tmp_path: Path) -> None:
    [path] = Path(service.evidence).rglob(measure([FILES[0]]).sha256)
    path.chmod(0o600)
    path.write_bytes(b"other")
    with pytest.raises(StoreUnavailable, match="evidence: expected the bytes of"):
        backed_up(service, tmp_path / "backup")
    with pytest.raises(CliError, match="expected a whole backup"):
        restored(tmp_path / "backup", at(tmp_path / "new"))


def test_nothing_is_restored_over_something(service: Places, tmp_path: Path) -> None:
    folder = backed_up(service, tmp_path / "backup")
    with pytest.raises(CliError, match=r"restore: expected no .*keys.json yet, got one"):
        restored(folder, service)
    Path(service.keys).unlink()
    with pytest.raises(CliError, match="database: expected an empty one"):
        restored(folder, service)


def test_no_open_offer_is_ever_in_the_database_that_is_restored_into(service: Places, tmp_path: Path) -> None:
    """An interrupted restore must leave nothing that sells what was sold since the backup."""
    folder, new = backed_up(service, tmp_path / "backup"), at(tmp_path / "new")
    new.make_folder()
    with closing(open_database(new.store, make=True)):
        pass
    refusing = (
        "CREATE TRIGGER refusing BEFORE INSERT ON offers WHEN new.closed = '' AND new.paused = '' "
        "BEGIN SELECT raise(ABORT, 'an open offer'); END"
    )
    with closing(sqlite3.connect(new.folder / "ledger.db")) as database:
        database.execute(refusing)
    restored(folder, new)
    with closing(Database(new.store)) as database:
        offer = SqlLedger(database).offer(OFFER.hash)
    assert offer is not None
    assert offer.paused == "restored"


def test_a_backup_goes_into_a_new_folder(service: Places, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        backed_up(service, tmp_path)


@pytest.mark.parametrize("kind", ["text", "link", "pipe", "huge"])
def test_e6_a_ledger_of_anybodys_backup_is_a_database_that_fits_or_is_not_copied(
    service: Places, tmp_path: Path, kind: str
) -> None:
    folder = backed_up(service, tmp_path / "backup")
    ledger = folder / "ledger.db"
    if kind == "huge":
        os.truncate(ledger, 1 << 43)  # holes, on a disk that has not so much
    else:
        kept = ledger.rename(tmp_path / "elsewhere.db")
        if kind == "text":
            ledger.write_text("no database")
        elif kind == "link":
            ledger.symlink_to(kept)
        else:
            os.mkfifo(ledger)
    expected = "bytes, as many as" if kind == "huge" else "expected a database of SQLite|symbolic links"
    with pytest.raises((CliError, OSError), match=expected):
        restored(folder, at(tmp_path / "new"))


# What SQLite takes in a file that calls itself a ledger, and a ledger of ours never has.
HOSTILE = {
    "a trigger that opens what is paused": "CREATE TRIGGER opens AFTER UPDATE OF paused ON offers BEGIN "
    "UPDATE offers SET paused = '' WHERE hash = new.hash; END",
    "bytes in place of the text that pauses": "UPDATE offers SET paused = x''",
    "bytes in place of the text that closes": "UPDATE offers SET closed = x''",
    "text in place of a time": "UPDATE offers SET rests_until = 'never'",
    "a number in place of bytes": "UPDATE offers SET sealed = 1000000000000",
    "a view that makes rows without end": "DROP TABLE dues; CREATE VIEW dues AS WITH RECURSIVE "
    "n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
    "SELECT 'B62' || x AS account, x AS leaves, '1' AS amount, '2' AS root FROM n",
    "a column that makes bytes": "DROP TABLE deployment; CREATE TABLE deployment (name TEXT PRIMARY KEY, "
    "value TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000)))); "
    "INSERT INTO deployment (name) VALUES ('url')",
    "a table of an extension": "DROP TABLE ticks; "
    "CREATE VIRTUAL TABLE ticks USING fts5(name, due_at, done_at)",
    "a value that fills the memory": "UPDATE offers SET sealed = zeroblob(5000000)",
    "bytes in a table whose name has a capital": "ALTER TABLE offers RENAME TO other; "
    "ALTER TABLE other RENAME TO Offers; UPDATE offers SET paused = x''",
    "bytes in a column whose name has a capital": "ALTER TABLE offers RENAME COLUMN paused TO Paused; "
    "UPDATE offers SET paused = x''",
    "an index without the rows of its table": "CREATE INDEX lies ON offers (paused, closed) WHERE hash = ''; "
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = "
    "'CREATE INDEX lies ON offers (paused, closed)' WHERE name = 'lies'",
}


@pytest.mark.parametrize("sql", HOSTILE.values(), ids=HOSTILE)
def test_e6_a_ledger_of_anybodys_backup_has_stored_rows_of_their_types_and_nothing_that_acts(
    service: Places, tmp_path: Path, sql: str
) -> None:
    folder, new = backed_up(service, tmp_path / "backup"), at(tmp_path / "new")
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.executescript(sql)
    with pytest.raises(Malformed, match="ledger: expected"):
        restored(folder, new)
    with closing(Database(new.store)) as database:
        assert SqlLedger(database).published() == []


# The schema before calls had their account, offers whether their runs are public and deliveries come, and
# accounts the number of their calls.
THIRD = (
    "DROP INDEX calls_called; ALTER TABLE calls DROP COLUMN account; "
    "ALTER TABLE offers DROP COLUMN shows_runs; ALTER TABLE offers DROP COLUMN delivered_at; "
    "ALTER TABLE offers DROP COLUMN dropped; ALTER TABLE accounts DROP COLUMN calls; "
    "UPDATE alembic_version SET version_num = '3'; "
)


def test_a_backup_of_an_older_version_is_restored(service: Places, tmp_path: Path) -> None:
    folder, new = backed_up(service, tmp_path / "backup"), at(tmp_path / "new")
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.executescript(THIRD)
    restored(folder, new)
    with closing(Database(new.store)) as database:
        offer = SqlLedger(database).offer(OFFER.hash)
    assert offer is not None
    assert (offer.paused, offer.shows_runs) == ("restored", None)


@pytest.mark.parametrize("record", ["{}", "[]", "no record", '{"account": {}}'])
def test_e6_a_row_that_no_older_version_wrote_is_named(service: Places, tmp_path: Path, record: str) -> None:
    folder = backed_up(service, tmp_path / "backup")
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.executescript(THIRD)
        database.execute("INSERT INTO calls VALUES ('0', '0', 1, 1, NULL, ?)", [record])
        database.commit()
    with pytest.raises((Malformed, StoreUnavailable), match=r"ledger: expected rows|database: expected"):
        restored(folder, at(tmp_path / "new"))


CALL = (
    "INSERT INTO calls (hash, offer, account, version, claimed_at, record) VALUES ('0', '0', 'B62q', 1, 1, "
)
NONSENSE = {
    "an offer that is none": "UPDATE offers SET document = x'6e6f'",
    "an offer of another form": "UPDATE offers SET document = CAST('{\"sealrun\": 3}' AS BLOB)",
    "an offer in another's place": "UPDATE offers SET hash = replace(hash, substr(hash, 1, 8), '00000000')",
    "an offer whose quotas are none": "UPDATE offers SET quotas = '[]'",
    "an offer whose quotas are words": """UPDATE offers SET quotas = '{"B62q": "many"}'""",
    "a call that is none": CALL + "'{}')",
    "a call of another type": CALL + "'[[]]')",
}


@pytest.mark.parametrize("sql", NONSENSE.values(), ids=NONSENSE)
def test_e6_a_backup_with_an_offer_or_a_call_that_nobody_can_read_is_refused(
    service: Places, tmp_path: Path, sql: str
) -> None:
    """Restored, it would stop every list of offers, every sweep and every check of health."""
    folder, new = backed_up(service, tmp_path / "backup"), at(tmp_path / "new")
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.executescript(sql)
    with pytest.raises(Malformed):
        restored(folder, new)
    with closing(Database(new.store)) as database:
        assert SqlLedger(database).published() == []


def test_an_offer_of_an_older_version_is_restored_as_it_is(service: Places, tmp_path: Path) -> None:
    folder, new = backed_up(service, tmp_path / "backup"), at(tmp_path / "new")
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.execute("UPDATE offers SET document = ?", [b'{"sealrun": 1}'])
        database.commit()
    restored(folder, new)
    with closing(Database(new.store)) as database:
        assert SqlLedger(database).published() == [OFFER.hash]


def test_e6_an_open_offer_of_anybodys_backup_is_paused_whatever_its_table_does_with_an_update(
    service: Places, tmp_path: Path
) -> None:
    """A table may leave a row as it was, and says nothing of it, where two would have the same reason."""
    folder, new = backed_up(service, tmp_path / "backup"), at(tmp_path / "new")
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        [[made]] = database.execute("SELECT sql FROM sqlite_master WHERE name = 'offers'")
        unique = made.rstrip().removesuffix(")") + ", UNIQUE (paused) ON CONFLICT IGNORE)"
        copied = "INSERT INTO offers SELECT * FROM kept"
        decoy = "UPDATE kept SET hash = ?, document = ?, paused = 'restored'"
        first = ("CREATE TABLE kept AS SELECT * FROM offers", "DROP TABLE offers", unique)
        database.executescript("; ".join([*first, copied]))
        other = make_offer(title="A decoy")
        database.execute(decoy, [other.id, other.document])
        database.commit()
        database.executescript(f"{copied}; DROP TABLE kept")
    restored(folder, new)
    with closing(Database(new.store)) as database:
        offer = SqlLedger(database).offer(OFFER.hash)
    assert offer is not None
    assert offer.paused == "restored"


def test_e6_a_damaged_ledger_of_a_backup_is_named(service: Places, tmp_path: Path) -> None:
    folder = backed_up(service, tmp_path / "backup")
    whole = (folder / "ledger.db").read_bytes()
    (folder / "ledger.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(Malformed, match="ledger: expected a database that SQLite reads"):
        restored(folder, at(tmp_path / "new"))


@pytest.mark.parametrize("part", ["evidence", "keys.json"])
def test_e7_no_part_of_a_backup_leads_out_of_its_folder(service: Places, tmp_path: Path, part: str) -> None:
    """Behind a link, old files of somebody's folder `parts` would be removed, and any short file copied."""
    folder, elsewhere = backed_up(service, tmp_path / "backup"), tmp_path / "elsewhere"
    (elsewhere / "parts").mkdir(parents=True)
    mine = elsewhere / "parts" / "mine"
    mine.write_text("mine")
    os.utime(mine, (0, 0))
    (folder / part).rename(tmp_path / "aside")
    (folder / part).symlink_to(elsewhere if part == "evidence" else mine)
    new = at(tmp_path / "new")
    with pytest.raises(CliError, match=f"{part}: expected what `sealrun backup` made, got a link"):
        restored(folder, new)
    assert mine.read_text() == "mine"
    assert not Path(new.keys).exists()


def test_e6_a_file_of_evidence_with_holes_is_not_read_to_its_end(service: Places, tmp_path: Path) -> None:
    folder = backed_up(service, tmp_path / "backup")
    [path] = (folder / "evidence").rglob(measure([FILES[0]]).sha256)
    path.chmod(0o600)
    os.truncate(path, 1 << 42)
    with pytest.raises(CliError, match="expected at most 8589934592 bytes, got 4398046511104"):
        restored(folder, at(tmp_path / "new"))


def test_a_backup_of_no_calendars_year_is_no_backup(service: Places, tmp_path: Path) -> None:
    folder = backed_up(service, tmp_path / "backup")
    about = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps({**about, "made_at": 2**53 - 1}))
    with pytest.raises(CliError, match="made_at: expected a whole number"):
        restored(folder, at(tmp_path / "new"))


def test_a_backup_is_never_made_where_its_disk_is_not_mounted(service: Places, tmp_path: Path) -> None:
    with pytest.raises(CliError, match=f"{tmp_path}/disk: expected a folder") as caught:
        backed_up(service, tmp_path / "disk" / "today")
    assert caught.value.following == "make it, or mount its disk"
    assert not (tmp_path / "disk").exists()
