"""The edge of one offer on loopback: the Worker of ``infra/worker`` in workerd, Cloudflare's own runtime.

It is started again on the same folder after ``kill``, and goes on where it was.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.closing import ROOT, Closing, wait_or_kill
from local.nodejs import NODE
from mina.keys import PrivateKey
from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer

WORKER = ROOT / "infra" / "worker"
WORKERD = "node_modules/@cloudflare/workerd-*/bin/workerd"


def workerd() -> Path:
    """The runtime of this machine's kind, which npm installs."""
    found = sorted(ROOT.glob(WORKERD))
    if not found:
        raise RuntimeError(f"workerd: expected {WORKERD}, got none; run: local/setup.sh tests")
    return found[0]


class Edge(Closing):
    """Serves ``url`` from construction until ``close``; ``folder`` keeps its claims and its log."""

    def __init__(
        self,
        folder: Path,
        offer: Offer,
        token: str,
        *,
        key: PrivateKey,
        region: str,
        port: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._built, state = folder / "worker", folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        self._build()
        source = offer.source
        credential = {"token": token, "origin": source.origin, "project": source.project, "offer": offer.id}
        told = {
            "OFFER": offer.id,
            "PUBLIC_URL": self.url,
            "REGION": region,
            "CREDENTIAL": canonical(credential).decode(),
            "EDGE_KEY": key.to_base58(),
            "UNSAFE_LOOPBACK": "1",
            **(environment or {}),
        }
        options = ["--socket-addr", f"http=127.0.0.1:{port}", "--directory-path", f"state={state}"]
        self._log = (folder / "edge.log").open("ab")
        heard, told_to = os.pipe()
        self._process = subprocess.Popen(
            [str(workerd()), "serve", str(self._built / "local.capnp"), *options, f"--control-fd={told_to}"],
            env={**os.environ, **told},
            stdout=self._log,
            stderr=self._log,
            pass_fds=(told_to,),
        )
        os.close(told_to)
        with os.fdopen(heard, "rb") as events:
            line = events.readline()
        if not line or json.loads(line).get("event") != "listen":
            self.close()
            raise RuntimeError(f"edge: expected it to listen, got {line!r}; see {self._log.name}")

    def _build(self) -> None:
        """Bundle the Worker beside its configuration, which embeds it."""
        subprocess.run(
            [NODE, str(WORKER / "build.mjs"), str(self._built / "build")], cwd=WORKER, check=True, timeout=60
        )
        shutil.copyfile(WORKER / "local.capnp", self._built / "local.capnp")

    def log(self) -> str:
        """What it has said so far."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it without a warning, as a machine that fails does."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """End it; its folder stays."""
        self._process.terminate()
        wait_or_kill(self._process)
        self._log.close()
