"""A service of ``sealrun serve``, as the commands of sellers and operators find it: by its database."""

import base64
import os
import time
import weakref
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.passphrases import PASSPHRASE_FILE, passphrase
from sealrun_cli.lib.served import open_database, sqlite_path
from sealrun_cli.lib.target import TICKED, Target

if TYPE_CHECKING:
    from sealrun.adapters.keys.key_file import FileKeys
    from sealrun.adapters.sql.database import Database
    from sealrun.adapters.sql.deployment import Deployment
    from sealrun.adapters.sql.ledger import SqlLedger
    from sealrun_cli.lib.service import Service

# Some words on what hangs.
MAX_HEALTH_BYTES = 16 << 10
# A running service asks every second what is due; a check of all offers takes some seconds, 60 at most, and
# one may be under way.
LOOK_SECONDS = 150
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class ServedTarget(Target):
    """One service over SQL; ``table`` is its database's URL, ``kms_key`` the path of its key file."""

    @property
    def key_name(self) -> str:
        return f"the key file {self.kms_key}"

    @cached_property
    def database(self) -> "Database":
        """Open as long as anybody uses this target."""
        database = open_database(self.table)
        weakref.finalize(self, database.close)
        return database

    @property
    def deployment(self) -> "Deployment":
        from sealrun.adapters.sql.deployment import Deployment  # noqa: PLC0415

        return Deployment(self.database)

    @property
    def offers(self) -> "SqlLedger":
        from sealrun.adapters.sql.ledger import SqlLedger  # noqa: PLC0415

        return SqlLedger(self.database)

    @cached_property
    def keys(self) -> "FileKeys":
        from sealrun.adapters.keys.key_file import open_key_file  # noqa: PLC0415

        path = Path(self.kms_key)
        if not path.exists():
            raise CliError("keys", f"keys: expected {path}, got none", "name it: export SEALRUN_KEYS=FILE")
        noted = self.local.get(PASSPHRASE_FILE, "")
        source = noted if os.access(noted, os.F_OK) else os.environ.get(PASSPHRASE_FILE, "")
        return open_key_file(path, passphrase(source, f"Passphrase of {path}"))

    def client(self, service: str) -> Any:
        detail = f"stack: expected one on AWS for {service}, got a service of `sealrun serve`"
        raise CliError("stack", detail, "name another one with --stack")

    def invoke(self, name: str) -> None:
        """Have the service run the task, and wait for it; where nobody serves, the next tick runs it.

        One that is under way already does not count: it may have looked before what this command changed.
        """
        if TICKED in self.local:
            return
        end, asked = time.monotonic() + LOOK_SECONDS, int(time.time()) + 1
        # Times are whole seconds: one that began in this second may have begun before this.
        while time.time() < asked:
            time.sleep(POLL_SECONDS)
        self.deployment.hasten(name)
        while self.deployment.done_since(name) < asked:
            if time.monotonic() > end:
                detail = f"{name}: expected the service to run it, got nothing in {LOOK_SECONDS} s"
                raise CliError("serve", detail, "start it: sealrun serve")
            time.sleep(POLL_SECONDS)

    def trouble(self, service: "Service") -> str:
        """Why the service does not answer at its URL, or not well; empty where it does."""
        try:
            answer = service.send("GET", f"{self.url}/healthz", at_most=MAX_HEALTH_BYTES)
        except CliError as error:
            return error.detail
        good = answer.status_code == HTTPStatus.OK
        return "" if good else f"{self.url}/healthz: expected 200, got {answer.status_code}"

    def oracle_keys(self) -> dict[str, str]:
        keys = self.deployment.oracle_keys()
        return {address: base64.b64encode(ciphertext).decode() for address, ciphertext in keys.items()}

    def serves(self, offer_id: str) -> bool:  # noqa: ARG002
        """A service sells whatever is in its database."""
        return True

    def give_oracle_key(self, address: str, sealed: str) -> None:
        """Keep one more oracle key in the database, which every process of the service reads."""
        self.deployment.add_oracle_key(address, base64.b64decode(sealed))


def served_target(target: ServedTarget) -> ServedTarget:
    """The same with what its database says now."""
    deployment = target.deployment
    return replace(target, url=deployment.url() or target.url, ledger=str(deployment.ledger_id()))


def target_at(url: str) -> ServedTarget:
    """The service of this database; its key file is named by SEALRUN_KEYS, or lies beside it.

    Raises:
        CliError: there is no such database.
    """
    path = sqlite_path(url)
    beside = str(path.parent / "keys.json") if path is not None else ""
    keys = os.environ.get("SEALRUN_KEYS", beside)
    shown = path.name if path is not None else url.partition("?")[0].rpartition("/")[2]
    return ServedTarget(name=shown, url="", region="", table=url, kms_key=keys, ledger="0", functions={})
