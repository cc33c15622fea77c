"""The state of a service without a server: three files in a branch, and a copy of them in a folder."""

import json
import os
from pathlib import Path

from sealrun.adapters.git.state_branch import NotPushed, StateBranch
from sealrun.adapters.sql.snapshot import snapshot
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed

LEDGER, KEYS, UNPUBLISHED = "ledger.db", "keys.json", "unpublished.json"
FILES = (LEDGER, KEYS, UNPUBLISHED)
MAX_UNPUBLISHED_BYTES = 8 << 20


class State:
    """What the branch holds, for one tick or for an operator's commands.

    ``unpublished`` are the calls whose public files are to be written, by their hashes in hex, and when, in
    Unix seconds; 0 is the first time. They are pushed with what changed the calls, so that the next tick
    publishes what one that died did not.
    """

    def __init__(self, folder: Path, branch: StateBranch) -> None:
        self.folder, self.branch = folder, branch
        self.unpublished: dict[str, int] = {}
        self.failed: NotPushed | None = None
        self._kept = ""  # the digest of what the branch holds

    @property
    def ledger(self) -> Path:
        return self.folder / LEDGER

    @property
    def keys(self) -> Path:
        return self.folder / KEYS

    def pull(self) -> bool:
        """Write the branch's files into the folder; False where there is no such branch.

        Raises:
            StoreUnavailable: the remote does not answer.
            Malformed: the branch holds other files.
        """
        files = self.branch.pull(FILES)
        if not files:
            return False
        if missing := [name for name in FILES if name not in files]:
            raise Malformed(f"state: expected {', '.join(FILES)} in the branch, got no {missing[0]}")
        self.unpublished = _parsed(files[UNPUBLISHED])
        for name in (LEDGER, KEYS):
            _write(self.folder / name, files[name])
        self._kept = self.digest()
        return True

    def resume(self, unpublished: dict[str, int], kept: str) -> None:
        """Go on with what was pulled into the folder before: what it had to publish, and its digest then."""
        self.unpublished, self._kept = dict(unpublished), kept

    def keep(self) -> None:
        """Push what changed since the last time; nothing where nothing did.

        The database must have no transaction under way.

        Raises:
            NotPushed: the branch has moved, or does not answer; from then on, each time.
            StoreUnavailable: the state is too large.
        """
        if self.failed is not None:
            raise self.failed
        shot = snapshot(self.ledger)
        digest = shot.digest + self._document().decode()
        if digest == self._kept:
            return
        try:
            self.branch.push(
                {LEDGER: shot.content, KEYS: self.keys.read_bytes(), UNPUBLISHED: self._document()}
            )
        except NotPushed as error:
            self.failed = error
            raise
        self._kept = digest

    def digest(self) -> str:
        """Of what the folder holds now, whatever the database's pages look like."""
        return snapshot(self.ledger).digest + self._document().decode()

    def changed(self, call_hash: int) -> None:
        """The call's public files are to be written."""
        self.unpublished[f"{call_hash:064x}"] = 0

    def _document(self) -> bytes:
        return json.dumps(self.unpublished, sort_keys=True).encode()


def _parsed(document: bytes) -> dict[str, int]:
    value = parse_object(document, at_most=MAX_UNPUBLISHED_BYTES)
    return {call: due for call, due in value.items() if isinstance(due, int)}


def _write(path: Path, content: bytes) -> None:
    """For the owner alone; a database that lay there before goes with its other files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
