"""The local Mina chain (``local/mina``) in a process of its own, until ``close``.

``with MinaChain(folder) as chain`` starts it; ``python -m local.chain --folder DIR`` serves it until Ctrl-C.
The chain and the contracts are built first if they are not built yet or if their sources have changed. It
makes a block of each transaction and verifies every proof, unless it is started with ``proofs=False``.
"""

import argparse
import fcntl
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from local.closing import Closing, wait_or_kill
from local.nodejs import NODE
from local.signals import interrupt_on_stop, wait_for_stop

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "contracts"
CHAIN = ROOT / "local" / "mina"
MAIN = CHAIN / "build" / "main.js"
# Short-lived objects are collected sooner: a fifth less memory for no more time.
LITTLE_HEAP = "--max-semi-space-size=2"
# What provers have computed and kept, the chain need not compute before its first verification.
VERIFIER = CONTRACTS / "build" / "verifier.js"
BUILD_SECONDS = 300
# A block is made on request: one request may wait for another's proofs to be verified.
REQUEST_SECONDS = 120


class ChainFailed(Exception):
    """Chain or contracts do not build, or the chain does not start or answer."""


class MinaChain(Closing):
    """A chain of one block producer; ``graphql`` answers as node, ``archive`` as archive."""

    def __init__(self, folder: Path, *, proofs: bool = True) -> None:
        build_contracts()
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "chain.log").open("wb")
        verifying = ["--import", str(VERIFIER)] if proofs else ["--no-proofs"]
        options = ["--port", "0", "--folder", str(folder), *verifying]
        self._process = subprocess.Popen(
            [NODE, LITTLE_HEAP, MAIN, *options], stdout=subprocess.PIPE, stderr=self._log, cwd=ROOT
        )
        try:
            ready = self._ready()
        except BaseException:  # Ctrl-C, too: nobody else knows of the process
            self.close()
            raise
        self.proofs = proofs
        self.graphql: str = ready["ready"]
        self.archive: str = ready["archive"]
        self._addresses = {"faucet": ready["faucet"], "slots": ready["slots"]}

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def described(self) -> dict[str, Any]:
        """Where it is, for clients in other processes."""
        return {"node": self.graphql, "archive": self.archive, "proofs": self.proofs, **self._addresses}

    def environment(self, ledger: int) -> dict[str, str]:
        """The variables by which functions sell on this chain, with dues in this ledger."""
        keys = json.loads((CONTRACTS / "verification_keys.json").read_text())
        return {
            "SEALRUN_MINA_NODES": self.graphql,
            "SEALRUN_LEDGER": str(ledger),
            "SEALRUN_VERIFICATION_KEY": keys["PrepaidAccount"]["hash"],
            "SEALRUN_PROVED_VERIFICATION_KEY": keys["ProvedAccount"]["hash"],
            "SEALRUN_OFFER_VERIFICATION_KEY": keys["Offer"]["hash"],
            "SEALRUN_MINA_ARCHIVES": self.archive,
        }

    def faucet(self, address: str, amount: int) -> None:
        """Give an address that much of the smallest unit, less the account creation fee where it is new."""
        self._post(self._addresses["faucet"], {"address": address, "amount": str(amount)})

    def pass_slots(self, count: int) -> int:
        """Let so many slots pass; the slot that it is then."""
        return int(self._post(self._addresses["slots"], {"count": count})["slot"])

    def balance(self, address: str) -> int:
        """In the smallest unit; 0 where there is no account."""
        query = f'{{account(publicKey:"{address}"){{balance{{total}}}}}}'
        account = self._post(self.graphql, {"query": query})["data"]["account"]
        return int(account["balance"]["total"]) if account else 0

    def close(self) -> None:
        """End the chain; its folder stays."""
        self._process.terminate()
        wait_or_kill(self._process)
        self._log.close()

    def _ready(self) -> dict[str, Any]:
        out = self._process.stdout
        line = out.readline() if out is not None else b""
        try:
            return dict(json.loads(line))
        except ValueError as error:
            raise ChainFailed(
                f"chain: expected its ready line, got {line!r}; see {self._log.name}"
            ) from error

    @staticmethod
    def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = httpx.post(url, json=body, timeout=REQUEST_SECONDS, trust_env=False)
        value = dict(answer.json())
        if not answer.is_success or value.get("errors"):
            raise ChainFailed(f"{url}: expected a good answer, got {answer.status_code} {answer.text[:300]}")
        return value


def build_contracts() -> None:
    """Compile the TypeScript of chain and contracts where a source is newer than what was built.

    One process at a time. The tests of the contracts are not built.
    """
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "contracts.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _compile(CHAIN, "tsconfig.json", MAIN)
        _compile(CONTRACTS, "tsconfig.build.json", CONTRACTS / "build" / "index.js")


def _compile(package: Path, project: str, made: Path) -> None:
    stamp = made.with_name(".compiled")
    sources = [*package.glob("*.json"), *(package / "src").rglob("*.ts")]
    newest = max(path.stat().st_mtime for path in sources)
    if made.exists() and stamp.exists() and stamp.stat().st_mtime >= newest:
        return
    command = [NODE, str(ROOT / "node_modules" / "typescript" / "bin" / "tsc"), "-p", project]
    done = subprocess.run(
        command, cwd=package, check=False, capture_output=True, text=True, timeout=BUILD_SECONDS
    )
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip()[:1000]
        raise ChainFailed(f"{package.name}: expected a build, got {output}; is `make setup-all` done?")
    stamp.touch()


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop, after one line of JSON that says where everything is."""
    parser = argparse.ArgumentParser(prog="python -m local.chain", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for the ledger and the log")
    parser.add_argument("--no-proofs", action="store_true", help="count every proof as valid")
    options = parser.parse_args(arguments)
    interrupt_on_stop()
    with MinaChain(options.folder, proofs=not options.no_proofs) as chain:
        print(json.dumps(chain.described), flush=True)
        wait_for_stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
