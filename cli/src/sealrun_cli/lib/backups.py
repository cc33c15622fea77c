"""A backup of a service: ``ledger.db``, ``evidence``, ``keys.json``, ``proofs``, and at last ``backup.json``.

The ledger is read at one moment, and the evidence after it. A file of evidence is stored before the ledger
names it and never changes, so the backup has all that its ledger names.
"""

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealrun.adapters.files.plain_files import read_plain, sync_folder
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Conflict, Malformed
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence_copies import copy_evidence, is_bucket
from sealrun_cli.lib.proof_copies import check_new, copy_proofs
from sealrun_cli.lib.served import needed, open_database
from sealrun_cli.lib.serving import Places
from sealrun_cli.lib.units import YEAR_10000

if TYPE_CHECKING:
    from sealrun.adapters.sql.database import Database

FORMAT = "sealrun-backup-1"
LEDGER, EVIDENCE, KEYS, PROOFS, ABOUT = "ledger.db", "evidence", "keys.json", "proofs", "backup.json"
SQLITE = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html#magic_header_string
MAX_ABOUT_BYTES = 4096
MAX_KEY_FILE_BYTES = 4096


@dataclass(frozen=True)
class Copied:
    """What a backup holds, or what was restored."""

    rows: int
    files: int
    made_at: int  # Unix seconds
    proofs: int = 0  # files of accounts that proofs settle


def make_backup(
    places: Places, to: Path, *, now: int, tell: Callable[[str], None], proofs: Path | None = None
) -> Copied:
    """Copy everything into a new folder while the service runs. The passphrase is not in it.

    ``proofs`` is the folder of a seller who proves on this machine.

    Raises:
        CliError: the folder is there already, there is nothing to copy, or a part of ``proofs`` is a link.
        StoreUnavailable: the database does not answer, or a file of evidence is not what its name says.
    """
    if not to.parent.is_dir():  # it is not made: where a disk is not mounted, it would fill another one
        detail = f"{to.parent}: expected a folder in which to make {to.name}, got none"
        raise CliError("file", detail, "make it, or mount its disk")
    to.mkdir(mode=0o700)
    with closing(open_database(places.store)) as source:
        tell("copying the ledger")
        with needed():
            from sealrun.adapters.sql.copying import copy_ledger  # noqa: PLC0415
        with closing(open_database(f"sqlite:///{to.resolve() / LEDGER}", make=True)) as target:
            rows = copy_ledger(source, target)
    files = _copy_evidence(places.evidence, str(to / EVIDENCE), tell)
    if Path(places.keys).exists():
        _copy_private(Path(places.keys), to / KEYS)
    kept = copy_proofs(proofs, to / PROOFS) if proofs else 0
    about = {"format": FORMAT, "rows": rows, "files": files, "made_at": now, "proofs": kept}
    (to / ABOUT).write_text(json.dumps(about) + "\n")
    sync_folder(to)
    return Copied(rows, files, now, kept)


def restore_backup(
    places: Places, source: Path, *, reason: str, tell: Callable[[str], None], proofs: Path | None = None
) -> Copied:
    """Copy a backup to where a new service keeps everything. Its open offers are paused.

    ``proofs`` is where a seller's proofs go; without it they stay in the backup.

    Raises:
        CliError: this is no whole backup, a part of it is a link, or something lies there already.
        Malformed: its ledger is none of sealrun's, or holds an offer or a call that nobody can read.
    """
    about = read_about(source)
    for part in (EVIDENCE, KEYS, PROOFS):
        if (source / part).is_symlink():
            raise CliError("backup", f"{source / part}: expected what `sealrun backup` made, got a link")
    if Path(places.keys).exists():
        following = "name a new folder with --folder, or a place for the backup's key file with --keys"
        raise CliError("backup", f"restore: expected no {places.keys} yet, got one", following)
    if proofs:
        check_new(source / PROOFS, proofs)
    with needed():
        from sealrun.adapters.sql.copying import copy_ledger  # noqa: PLC0415
        from sealrun.adapters.sql.foreign import check_documents, check_ledger_file  # noqa: PLC0415
    tell("copying the ledger")
    with tempfile.TemporaryDirectory() as scratch, closing(open_database(places.store, make=True)) as target:
        _copy_ledger(source / LEDGER, Path(scratch))  # opening it may bring its schema up to date
        check_ledger_file(Path(scratch) / LEDGER)
        with closing(_up_to_date(Path(scratch) / LEDGER)) as kept:
            check_documents(kept)
            try:
                rows = copy_ledger(kept, target, paused=reason)
            except Conflict as error:
                raise CliError("store", error.detail, "name an empty one with --store or --folder") from error
    files = _copy_evidence(str(source / EVIDENCE), places.evidence, tell)
    if (source / KEYS).exists():
        _copy_private(source / KEYS, Path(places.keys))
    copied = copy_proofs(source / PROOFS, proofs) if proofs else 0
    return Copied(rows, files, about.made_at, copied)


def _up_to_date(ledger: Path) -> "Database":
    """The database, with the schema of this version.

    Raises:
        Malformed: it has rows that no older version wrote.
        StoreUnavailable: it is of a newer version, or damaged.
    """
    try:
        return open_database(f"sqlite:///{ledger}")
    except (ValueError, TypeError, LookupError) as error:  # of a step that reads old rows
        detail = f"ledger: expected rows of an older sealrun, got {type(error).__name__} for one of them"
        raise Malformed(detail) from error


def read_about(folder: Path) -> Copied:
    """What a backup says of itself; it is whole, because this is written last.

    Raises:
        CliError: it is no backup, or one that was not finished.
    """
    try:
        value = parse_object(read_plain(folder / ABOUT, at_most=MAX_ABOUT_BYTES))
        value = read.only(value, ("format", "rows", "files", "made_at"), where=ABOUT, optional=("proofs",))
        read.one_of(value, "format", [FORMAT])
        value = {"proofs": 0, **value}
        rows, files, made_at, proofs = (
            read.whole(value, name, low=0, high=YEAR_10000 - 1 if name == "made_at" else 1 << 53)
            for name in ("rows", "files", "made_at", "proofs")
        )
    except (OSError, Malformed) as error:
        detail = f"{folder}: expected a whole backup of `sealrun backup`, got none ({error})"
        raise CliError("backup", detail, "name the folder that `sealrun backup` made") from error
    return Copied(rows, files, made_at, proofs)


def _copy_ledger(source: Path, scratch: Path) -> None:
    """The file of a ledger, if it is one that fits: a backup may come from anybody (E6, E7).

    Raises:
        CliError: it is a link, a pipe, another file than SQLite's, or too large for the disk.
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        about, free = os.fstat(file.fileno()), shutil.disk_usage(scratch).free
        if not stat.S_ISREG(about.st_mode) or file.read(len(SQLITE)) != SQLITE:
            raise CliError("backup", f"{source}: expected a database of SQLite, got another file")
        if about.st_size > free:
            detail = f"{source}: expected at most {free} bytes, as many as {scratch} has free"
            raise CliError("backup", f"{detail}, got {about.st_size}", "name a larger disk with TMPDIR")
        file.seek(0)
        with (scratch / source.name).open("xb") as copy:
            shutil.copyfileobj(file, copy)


def _copy_evidence(source: str, target: str, tell: Callable[[str], None]) -> int:
    """Copy the files that are missing. S3 keeps copies of its own."""
    return 0 if is_bucket(source) or is_bucket(target) else copy_evidence(Path(source), target, tell)


def _copy_private(source: Path, target: Path) -> None:
    content = read_plain(source, at_most=MAX_KEY_FILE_BYTES)
    if len(content) > MAX_KEY_FILE_BYTES:
        detail = f"{source}: expected a key file of at most {MAX_KEY_FILE_BYTES} bytes, got more"
        raise CliError("backup", detail)
    target.touch(mode=0o600, exist_ok=False)
    target.write_bytes(content)
