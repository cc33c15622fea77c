"""``sealrun serve`` in a process of its own, for the local stack and its tests.

``python -m local.served ARGUMENTS`` is ``sealrun serve ARGUMENTS``, which also ends when its standard input
does, so that it never outlives whoever started it.
"""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import BinaryIO, cast

from nacl.pwhash import argon2id

from local.closing import ROOT, Closing
from mina.keys import PrivateKey
from sealrun.adapters.keys.key_file import Cost, create_key_file, open_key_file
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import key_context
from sealrun.workflows.publish_offer import publish_offer
from sealrun_cli.lib.served_target import target_at

PASSPHRASE = "for this machine alone"  # noqa: S105  it guards nothing: both lie in one folder
STOP_SECONDS = 30
# As the passphrase guards nothing, the key file need not resist guesses by 256 MB and half a second for each.
LITTLE_COST = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)


class Served(Closing):
    """A service that keeps everything in ``folder``, from construction until ``close``.

    ``url`` is where it answers. A later one on the same folder goes on where this one ended, at the same
    port if it is given one. Its log is ``FOLDER/serve.log``. It makes its key file itself, unless it is told
    what one guess of the passphrase is to cost.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        stack: str = "sealrun",
        module: str = "local.served",
        key_cost: Cost | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.passphrase_file = self.folder / "passphrase"
        self.passphrase_file.touch(mode=0o600)
        self.passphrase_file.write_text(PASSPHRASE)
        if key_cost is not None and not self._keys.exists():
            self._keys.parent.mkdir(mode=0o700, parents=True)
            create_key_file(self._keys, PASSPHRASE, cost=key_cost)
        named = ["--listen", f"127.0.0.1:{port}", "--passphrase-file", str(self.passphrase_file)]
        often = ["--sweep-seconds", "2", "--health-seconds", "60", "--metrics", "127.0.0.1:0"]
        self._log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--json", "--stack", stack, *named, *often, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SEALRUN_UNSAFE_LOOPBACK": "1",
                **(environment or {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._out = cast("BinaryIO", self.process.stdout)
        line = self._out.readline()
        if not line.startswith(b'{"url"'):
            self.close()
            raise RuntimeError(f"serve: expected its url, got {line[:200]!r}; see {self._log.name}")
        told = json.loads(line)
        self.url, self.listens, self.metrics = str(told["url"]), str(told["listens"]), str(told["metrics"])
        self.port = int(self.listens.rpartition(":")[2])
        self._copying = Thread(target=self._copy, daemon=True)
        self._copying.start()

    @property
    def _keys(self) -> Path:
        return self.folder / ".sealrun" / "sealrun-served" / "keys.json"

    @property
    def ledger_url(self) -> str:
        """Its database, where no other was named."""
        return f"sqlite:///{self.folder}/.sealrun/sealrun-served/ledger.db"

    def put_up(
        self, oracle: PrivateKey, offer: Offer, token: str, *, url: str = ""
    ) -> tuple[StoredOffer, str]:
        """Give the service its oracle's key, seal the token and publish, in the database of this URL.

        Returns:
            The sealed offer, and a webhook secret.
        """
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        keys = open_key_file(self._keys, PASSPHRASE)
        with closing(Database(url or self.ledger_url)) as database:
            sealed = keys.encrypt(oracle.to_base58().encode(), context=key_context("oracle", offer.oracle))
            Deployment(database).add_oracle_key(offer.oracle, sealed)
            if offer.payment is not None:
                Deployment(database).take_ledger_id(offer.payment.terms.ledger)
            made = publish_offer(
                offer,
                token=token,
                webhook_secret=secret,
                ledger=SqlLedger(database),
                keys=keys,
                entropy=secrets.token_bytes,
            )
        return made, secret

    def check_health(self) -> None:
        """Have it look at every offer now, and wait until it has."""
        target_at(self.ledger_url).invoke("health")

    def log(self) -> str:
        """All that it has written."""
        return (self.folder / "serve.log").read_text(errors="replace")

    def kill(self) -> None:
        """End it as a crash would, at once."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        cast("BinaryIO", self.process.stdin).close()
        if hasattr(self, "_copying"):
            self._copying.join()
        self._out.close()
        self._log.close()

    def _copy(self) -> None:
        for line in self._out:
            self._log.write(line)
            self._log.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal, or until the standard input ends."""
    from sealrun_cli.main import command_line  # noqa: PLC0415

    def watch() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, daemon=True).start()
    command_line("serve")(["serve", *(sys.argv[1:] if arguments is None else arguments)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
