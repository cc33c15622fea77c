"""Whole sales on ``sealrun serve``: each step of seller and operator by its command, over a real GitLab."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.gitlab.server import GitLabServer
from local.market import free_offer, pinned_source
from local.served import Served
from mina.keys import PrivateKey
from sealrun.calls.call import SignedCall
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun_cli.lib.offer_file import read_offer, write_values
from tests.spine.conftest import PROPERTIES, repository

pytestmark = pytest.mark.peers


@dataclass
class ServedShop:
    """A published offer, its GitLab, and the folder from which everybody works."""

    gitlab: GitLabServer
    folder: Path
    offer: Offer
    buyer: PrivateKey

    def command(self, *words: str) -> dict[str, Any]:
        """A ``sealrun`` command in the folder; its result."""
        environment = {"PATH": "/usr/bin:/bin", "SEALRUN_PASSPHRASE_FILE": str(self.folder / "passphrase")}
        done = subprocess.run(
            [sys.executable, "-m", "sealrun_cli.main", *words, "--json"],
            cwd=self.folder,
            env={**environment, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        value: dict[str, Any] = json.loads(done.stdout)
        return value

    def sign(self, **changes: Any) -> SignedCall:
        values: dict[str, Any] = {
            "inputs": {"greeting": "hello"},
            "salt": secrets.token_hex(32),
            "nonce": secrets.randbits(128),
            "expires_at": int(time.time()) + 600,
        }
        return sign_call(self.buyer, self.offer, **{**values, **changes})

    def send(self, url: str, signed: SignedCall) -> httpx.Response:
        return httpx.post(f"{url}/offers/{self.offer.id}/calls", json=signed.body(), timeout=60)

    def runs(self, call: str) -> list[int]:
        """The pipelines of this call at the provider."""
        pipelines = self.gitlab.store.pipelines.values()
        return [pipeline.id for pipeline in pipelines if call in pipeline.name]


def wait(url: str, call: str, *, seconds: int = 60) -> dict[str, Any]:
    """The call once it is over."""
    end = time.monotonic() + seconds
    seen: dict[str, Any] = {}
    while time.monotonic() < end:
        seen = httpx.get(f"{url}/calls/{call}", timeout=30).json()
        if seen["receipt"] is not None:
            return seen
        time.sleep(0.2)
    raise AssertionError(f"call: expected it to be over in {seconds} s, got {seen}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    """An offer of price 0, written into offer.json; nothing serves it yet."""
    folder = tmp_path_factory.mktemp("served")
    commit = repository(folder / "seller")
    oracle, buyer = PrivateKey.from_scalar(secrets.randbits(250) | 1), PrivateKey.from_scalar(77)
    with GitLabServer(folder / "gitlab") as gitlab:
        project = gitlab.create_project("seller/greetings", folder / "seller")
        expires = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
        token = gitlab.create_token(project, expires_at=expires)
        source = {
            "provider": "gitlab",
            "origin": gitlab.url,
            "project": str(project),
            "ref": "refs/tags/v1",
            **pinned_source(folder / "seller", commit),
            "user": token.user,
        }
        value = {**free_offer(oracle, PROPERTIES), "source": source}
        for name, text in {"oracle.key": oracle.to_base58(), "token": token.value}.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        write_values(folder / "offer.toml", written(value))
        yield ServedShop(gitlab, folder, read_offer(folder / "offer.toml"), buyer)


def written(value: Mapping[str, Any]) -> dict[str, Any]:
    """The offer as its file has it."""
    return {
        name: each for name, each in value.items() if name not in ("sealrun", "kind") and each is not None
    }


@pytest.fixture(scope="module")
def served(shop: ServedShop) -> Iterator[Served]:
    """The service, with the offer put up for sale by its commands."""
    with Served(shop.folder) as process:
        shop.command("deploy", "--oracle-key", "oracle.key", "--yes")
        assert shop.command("seal", "--token-file", "token", "--yes")["webhook"] is True
        assert shop.command("publish", "--yes")["state"] == "open"
        yield process


def test_an_offer_is_sold_from_one_process(shop: ServedShop, served: Served) -> None:
    answer = shop.send(served.url, signed := shop.sign())
    assert (answer.status_code, answer.headers["location"]) == (202, f"{served.url}/calls/{signed.call.id}")
    seen = wait(served.url, signed.call.id)
    assert (seen["state"], shop.runs(signed.call.id)) == ("succeeded", [seen["run"]["id"]])
    got = shop.command("evidence", answer.headers["location"], "--to", f"got-{signed.call.id[:8]}")
    assert got["files"] > 1
    assert shop.command("status")["calls"] == {"succeeded": 1}
