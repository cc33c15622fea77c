"""The whole system as on AWS, on loopback: AWS, the functions as they ship, a gateway, a schedule, a GitLab.

``with Stack(folder) as stack`` starts it; ``python -m local.stack`` serves it until Ctrl-C.
"""

import argparse
import base64
import hashlib
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from infra.layers import LAYERS, ROOT, unpacked
from local.aws import AwsServer, provision
from local.closing import Closing
from local.lambda_runtime import Function, LambdaHost
from local.signals import wait_for_stop
from mina.keys import PrivateKey
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.adapters.aws.kms import KmsKeys
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import key_context
from sealrun.workflows.publish_offer import publish_offer

if TYPE_CHECKING:
    from local.gitlab.server import GitLabServer
    from local.ipfs.node import IpfsNode

ROUTES: dict[str, list[str]] = {
    "account": ["GET /accounts/{address}", "GET /accounts/{address}/calls"],
    "call": [
        "GET /offers",
        "GET /offers/{offer}",
        "GET /offers/{offer}/receipts",
        "POST /offers/{offer}/calls",
    ],
    "collect": ["POST /webhooks/edge"],
    "health": [],
    "mcp": ["POST /mcp"],
    "once": ["POST /tickets/{ticket}"],
    "webhook": ["POST /webhooks/{provider}"],
    "receipt": ["GET /calls/{call}", "GET /calls/{call}/{proxy+}", "GET /openapi.json"],
}
# Memory in MB and timeout in seconds of each function; collect streams archives of up to an offer's size.
LIMITS = {
    "account": (512, 30.0),
    "call": (256, 30.0),
    "collect": (512, 120.0),
    "health": (256, 60.0),
    "mcp": (512, 30.0),
    "once": (256, 30.0),
    "receipt": (256, 10.0),
    "webhook": (256, 10.0),
}
HEALTH_SECONDS = 60.0
# Another process may still run from an older layer.
KEPT_SECONDS = 3600
SWEEP = {"sweep": True, "time": "<aws.scheduler.scheduled-time>"}


class Stack(Closing):
    """Everything that one operator deploys, and a GitLab beside it.

    ``url`` is the public one, ``aws`` and ``host`` are the servers, ``provisioned`` names the table, the
    bucket and the key. ``functions`` may be another folder of functions with the same names;
    ``environment`` is added to what every function gets.
    """

    gitlab: "GitLabServer | None" = None
    ipfs: "IpfsNode | None" = None  # where public evidence is pinned

    def __init__(
        self,
        folder: Path,
        *,
        functions: Path = ROOT / "functions",
        sweep_seconds: float | None = 5.0,
        with_gitlab: bool = False,
        with_ipfs: bool = False,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self._open = ExitStack()
        with self._open:
            self.aws = self._open.enter_context(AwsServer(folder))
            layers = [layer_folder(name) for name in LAYERS]
            self.host = self._open.enter_context(LambdaHost(folder, layers=layers, port=port))
            self.url = self.host.url
            self.provisioned = provision(self.aws)
            self.environment = self.provisioned.environment(
                aws=self.aws.environment(), invoke_url=self.host.invoke_url, public_url=self.url
            ) | dict(environment or {})
            if with_ipfs:
                self.ipfs = self._open.enter_context(_ipfs(folder / "ipfs"))
                self.environment["SEALRUN_PIN"] = f"kubo:{self.ipfs.url}"
            for name in ROUTES:
                self._deploy(name, functions / name)
            if sweep_seconds is not None:
                self.host.schedule("collect", every_s=sweep_seconds, event=SWEEP)
                self.host.schedule("health", every_s=HEALTH_SECONDS)
            if with_gitlab:
                self.gitlab = self._open.enter_context(_gitlab(folder / "gitlab"))
            self._open = self._open.pop_all()

    def configure(self, name: str, environment: Mapping[str, str]) -> None:
        """Add variables to one function; its processes end, and the next event starts a new one."""
        self.host.configure(name, {**self.host.environment(name), **environment})

    def put_up(self, oracle: PrivateKey, offer: Offer, token: str) -> tuple[StoredOffer, str]:
        """Give the oracle its key, seal the token and publish.

        Returns:
            The sealed offer, and a webhook secret.
        """
        keys = KmsKeys(self.aws.client("kms"), key_id=self.provisioned.kms_key)
        ledger = DynamoLedger(self.aws.client("dynamodb"), table=self.provisioned.table)
        context = key_context("oracle", offer.oracle)
        oracle_key = keys.encrypt(oracle.to_base58().encode(), context=context)
        for function in ("account", "collect"):
            self.configure(function, {"SEALRUN_ORACLE_KEY": _base64(oracle_key)})
        secret = "whsec_" + _base64(secrets.token_bytes(32))
        made = publish_offer(
            offer, token=token, webhook_secret=secret, ledger=ledger, keys=keys, entropy=secrets.token_bytes
        )
        return made, secret

    def check_health(self) -> None:
        """Run the function that looks at every offer."""
        self.host.invoke("health", {})

    def close(self) -> None:
        """End every server."""
        self._open.close()

    def _deploy(self, name: str, folder: Path) -> None:
        memory_mb, timeout_s = LIMITS[name]
        function = Function(name, "handler.handler", folder.resolve(), self.environment, memory_mb, timeout_s)
        self.host.add(function, routes=ROUTES[name])


def layer_folder(name: str) -> Path:
    """The layer's ``python`` folder, built with the running Python where its sources are new."""
    target = ROOT / "build" / "layers" / f"{name}-{_key(name)}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            built = Path(scratch) / "layer"
            unpacked(name, built)
            # Another process may have been faster; its layer is the same.
            if not target.exists():
                built.rename(target)
        for old in target.parent.glob(f"{name}-*"):
            if old != target and time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    return target / "python"


def _key(name: str) -> str:
    """A digest of all that a layer is made from."""
    digest = hashlib.sha256(sys.version.encode())
    sources = ROOT / "layers" / name
    for path in [*sorted((ROOT / "infra").glob("*.py")), *sorted(sources.rglob("*"))]:
        if path.is_file() and path.suffix != ".pyc":
            content = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _gitlab(folder: Path) -> "GitLabServer":
    from local.gitlab.server import GitLabServer  # noqa: PLC0415

    return GitLabServer(folder, base_path="/gitlab")


def _ipfs(folder: Path) -> "IpfsNode":
    from local.ipfs.node import IpfsNode  # noqa: PLC0415

    return IpfsNode(folder)


def main(arguments: list[str] | None = None) -> int:
    """Serve the stack until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "stack", help="logs and state")
    parser.add_argument("--port", type=int, default=0, help="the gateway's; 0, the default, takes a free one")
    parser.add_argument("--gitlab", action="store_true", help="start a GitLab too")
    parser.add_argument("--ipfs", action="store_true", help="start an IPFS node too, and pin on it")
    parser.add_argument(
        "--environment",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of every function",
    )
    options = parser.parse_args(arguments)
    environment = dict(each.split("=", 1) for each in options.environment)
    parts = {"with_gitlab": options.gitlab, "with_ipfs": options.ipfs}
    with Stack(options.folder, port=options.port, environment=environment, **parts) as stack:
        others = {"gitlab": stack.gitlab, "ipfs": stack.ipfs}
        more = "".join(f"\n{name:8}{server.url}" for name, server in others.items() if server is not None)
        print(
            f"gateway {stack.url}\naws     {stack.aws.url}\ninvoke  {stack.host.invoke_url}{more}",
            flush=True,
        )
        wait_for_stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
