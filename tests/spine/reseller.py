"""Somebody who has nothing but the ``sealrun`` command, and a project to sell."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.repositories import git
from tests.spine.conftest import repository

SEALRUN = Path(sys.executable).parent / "sealrun"
PRICE = 5 * 10**9
CHAIN = ("--poll-ms", "100", "--no-proofs")
NAMED = '  name: "sealrun $[[ inputs.sealrun_call ]]"\n'
REPAIRS = {
    "    greeting:\n": "    greeting:\n      regex: ^[a-z]{1,20}$\n",
    NAMED: f"{NAMED}  auto_cancel: {{on_new_commit: none}}\n",
}


@dataclass
class Reseller:
    """Somebody with a project, a shell and the command."""

    folder: Path
    environment: dict[str, str]
    program: Path = SEALRUN

    def run(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """What the command prints as JSON; it must end with this status."""
        done = subprocess.run(
            [self.program, *arguments, "--json"],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=180,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return dict(json.loads(done.stdout))

    def address(self, name: str) -> str:
        return str(self.run("key", f"{name}.key")["address"])

    def init(self, file: str, *arguments: str, tag: str = "v2", status: int = 0) -> dict[str, Any]:
        parties = ["--oracle", "oracle.key", "--seller", "seller.key", "--operator", "operator.key"]
        named = ["--tag", tag, "--title", "Say hello", "--price", "5", "--depth", "0", "--file", file]
        return self.run("init", *named, *parties, *arguments, status=status)

    def repair(self) -> None:
        """Put right what `init` and `check` named, under a new tag."""
        file = self.folder / ".gitlab-ci.yml"
        text = file.read_text()
        for before, after in REPAIRS.items():
            assert before in text
            text = text.replace(before, after)
        file.write_text(text)
        git(self.folder, "commit", "--quiet", "-am", "sell")
        git(self.folder, "tag", "v2")


@contextmanager
def sandboxed(folder: Path) -> Iterator[Reseller]:
    """A reseller beside a sandbox of their own, without proofs; seller, operator and buyer have MINA."""
    repository(folder)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SEALRUN_O1JS_CACHE") if name in os.environ}
    someone = Reseller(folder, {**kept, "SEALRUN_STATE": str(folder.parent / "state")})
    funded = [part for who in ("seller", "operator", "buyer") for part in ("--fund", f"{who}.key")]
    try:
        around = someone.run("sandbox", *funded, "--no-proofs")
        someone.environment["SEALRUN_MINA_NODE"] = around["node"]
        yield someone
    finally:
        someone.run("deploy", "--stop")
        someone.run("sandbox", "--stop")


def call(url: str, account: str) -> list[str]:
    paying = ["--pay", "--yes", "--account", account, "--key", "buyer.key", "--receipt", "receipt.json"]
    return ["call", url, "--input", "greeting=hello", *paying]


def bought(reseller: Reseller, url: str, keys: str = "first") -> str:
    """A fresh account and one good run; the account."""
    named = ["--deposit", "20", "--account-key", f"{keys}.key", "--key", "buyer.key"]
    account = str(reseller.run("open", url, "--yes", *named, *CHAIN)["account"])
    assert reseller.run(*call(url, account))["state"] == "succeeded"
    return account
