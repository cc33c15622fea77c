"""The SQL ledger, telling of every call that is over."""

from collections.abc import Callable, Collection

from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.runs.record import Record


class MeasuredLedger(SqlLedger):
    """Tells ``ended`` once for each call that this process brought to its end."""

    def __init__(
        self, database: Database, *, serves: Collection[int] = (), ended: Callable[[Record], None]
    ) -> None:
        super().__init__(database, serves=serves)
        self._ended = ended

    def save(self, before: Record, after: Record) -> bool:
        saved = super().save(before, after)
        if saved and after.state.over and not before.state.over:
            self._ended(after)
        return saved
