"""ministack, which takes the templates as they are, in an environment and a process of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from local.closing import Closing
from tests.infra.templates import ROOT

REGION = "eu-central-1"
START_SECONDS = 60


def install(name: str) -> Path:
    """The folder of a tool's programs, installed where it is not yet."""
    subprocess.run(["infra/tools/install.sh", name], cwd=ROOT, check=True)
    return ROOT / f".venv-{name}" / "bin"


class Ministack(Closing):
    """One on a free port of loopback; what it says goes to ``ministack.log`` in the folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        host = {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
        more = {"IOT_MTLS_ENABLED": "0", "MINISTACK_REGION": REGION, "TMPDIR": str(folder)}
        self._log = (folder / "ministack.log").open("wb")
        program = install("ministack") / "ministack"
        self._process = subprocess.Popen(
            [program], cwd=folder, env={**os.environ, **host, **more}, stdout=self._log, stderr=self._log
        )
        self._wait()

    def environment(self) -> dict[str, str]:
        """The variables by which boto3 finds it and nothing else; its account's number is twelve zeros."""
        names = ("AWS_REGION", "AWS_DEFAULT_REGION")
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        return {"AWS_ENDPOINT_URL": self.url, **keys, **dict.fromkeys(names, REGION)}

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **keys)  # type: ignore[call-overload]

    def send(
        self,
        method: str,
        url: str,
        *,
        signed: str = "",
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> httpx.Response:
        """A request to a function's URL, an API or a distribution, which it tells apart by their names.

        ``signed`` names the service that a signature is for; ministack asks for one but does not check it.
        """
        asked = httpx.URL(url)
        named = {"host": asked.host, "x-forwarded-proto": "https", **(headers or {})}
        if signed:
            named |= _signature(method, url, signed)
        place = self.url + asked.raw_path.decode()
        return httpx.request(method, place, headers=named, timeout=60, trust_env=False, **body)

    def close(self) -> None:
        """End it; everything in it is gone."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                self.client("sts").get_caller_identity()
            except BotoCoreError:
                time.sleep(0.2)
            else:
                return
        self.close()
        raise RuntimeError(f"ministack: expected it to answer, see {self._log.name}")


def _signature(method: str, url: str, service: str) -> dict[str, str]:
    """As CloudFront signs for a function's URL, and an operator for the API; of no body."""
    request = AWSRequest(method, url)
    SigV4Auth(Credentials("test", "test"), service, REGION).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}
