"""What concerns all processes that serve one ledger: its id, its public URL, its oracle keys, and ticks."""

from sqlalchemy import select, update

from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.schema import DEPLOYMENT, ORACLE_KEYS, TICKS
from sealrun.adapters.sql.statements import add_new, put
from sealrun.errors import Malformed

LEDGER, URL = "ledger", "url"


class Deployment:
    """One database's. Every method raises StoreUnavailable where the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ledger_id = 0

    def ledger_id(self) -> int:
        """The id of this ledger; 0 until something with a price is sold. It never changes after that."""
        self._ledger_id = self._ledger_id or int(self._value(LEDGER) or "0")
        return self._ledger_id

    def take_ledger_id(self, ledger_id: int) -> None:
        """Give the ledger its id, for ever (A3).

        Raises:
            Malformed: it has another one already.
        """
        self._database.write(lambda db: add_new(db, DEPLOYMENT, {"name": LEDGER, "value": str(ledger_id)}))
        if (known := self.ledger_id()) != ledger_id:
            raise Malformed(f"ledger: expected offers of {known}, got one of {ledger_id}")

    def url(self) -> str:
        """The public URL that the last process was started with; empty before that."""
        return self._value(URL)

    def set_url(self, url: str) -> None:
        self._database.write(lambda db: put(db, DEPLOYMENT, {"name": URL, "value": url}))

    def oracle_keys(self) -> dict[str, bytes]:
        """All encrypted oracle keys, by their addresses."""
        query = select(ORACLE_KEYS.c.address, ORACLE_KEYS.c.ciphertext)
        return self._database.read(lambda db: {row.address: row.ciphertext for row in db.execute(query)})

    def add_oracle_key(self, address: str, ciphertext: bytes) -> None:
        """Keep it; one that is there under the address is replaced."""
        row = {"address": address, "ciphertext": ciphertext}
        self._database.write(lambda db: put(db, ORACLE_KEYS, row))

    def take_tick(self, name: str, *, now: int, every: int) -> bool:
        """True for one of the processes that ask when the task is due.

        It is due again ``every`` seconds later, also where that process ends before it is done. A time that
        is further ahead comes of a clock that was wrong, and does not keep the task from being done.
        """
        ahead = TICKS.c.due_at.between(now + 1, now + every)
        later = update(TICKS).where(TICKS.c.name == name, ~ahead).values(due_at=now + every)
        waits = select(TICKS.c.due_at).where(TICKS.c.name == name, ahead)
        if self._database.read(lambda db: db.scalar(waits)) is not None:
            return False
        row = {"name": name, "due_at": now + every, "done_at": 0}
        return self._database.write(lambda db: add_new(db, TICKS, row) or bool(db.execute(later).rowcount))

    def end_tick(self, name: str, *, began: int) -> None:
        """The task is done; note when it began."""
        self._set_tick(name, done_at=began)

    def hasten(self, name: str) -> None:
        """Have the task done as soon as a process asks what is due."""
        self._set_tick(name, due_at=0)

    def done_since(self, name: str) -> int:
        """When the task began that ended last; 0 for none."""
        query = select(TICKS.c.done_at).where(TICKS.c.name == name)
        return self._database.read(lambda db: db.scalar(query)) or 0

    def _set_tick(self, name: str, **values: int) -> None:
        changed = update(TICKS).where(TICKS.c.name == name).values(**values)
        self._database.write(lambda db: db.execute(changed))

    def _value(self, name: str) -> str:
        query = select(DEPLOYMENT.c.value).where(DEPLOYMENT.c.name == name)
        return self._database.read(lambda db: db.scalar(query)) or ""
