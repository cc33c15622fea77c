"""A sale for money, each step by the ``sealrun`` command: open, call, settle, exit, withdraw."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local.chain import MinaChain
from local.people import SHARE, Balances, People, client_environment
from local.prover import Prover
from local.steps import Progress, Say, must, ok
from sealrun.offers.asset import ACCOUNT_CREATION_FEE, FEES, MINA
from sealrun.offers.offer import Offer
from sealrun.offers.terms import SHARE_UNIT

PRICE = 5 * MINA.scale
DEPOSIT = 20 * MINA.scale
# What the tools pay for a transaction unless told otherwise.
FEE = FEES.scale // 10
LEDGER = 7
# What an offer with a price says beside it.
PAYMENT = {"depth": 0, "nodes": 1, "failed_per_day": 5}
PATIENCE_SECONDS = 240
COMMAND_SECONDS = 300
FAILED = 1
MAX_SHOWN = 24


@dataclass
class Sale:
    """One buyer's calls of one paid offer, from the opening of the account to its end."""

    progress: Progress
    chain: MinaChain
    people: People
    url: str  # of the operator's stack
    offer: Offer
    folder: Path
    prover: Prover | None = None  # one that runs; without it each command starts its own
    balances: Balances = field(init=False)

    def __post_init__(self) -> None:
        self.balances = Balances(self.chain, self.people)

    @property
    def account(self) -> str:
        """The prepaid account, once it is open."""
        return self.balances.account

    @property
    def offer_url(self) -> str:
        return f"{self.url}/offers/{self.offer.id}"

    def open(self) -> None:
        """The buyer opens an account for the offer's terms and pays the first deposit into it."""
        with self.progress.step("buyer: open a prepaid account; signatures only, no proof") as say:
            self.balances.note("before")
            file = self.people.folder / f"account-{secrets.token_hex(4)}.key"
            named = ["--deposit", str(DEPOSIT // MINA.scale), "--account-key", str(file)]
            opened = self.run(say, "open", self.offer_url, "--yes", *named, *self._sends("buyer"))
            self.balances.account = opened["account"]
            say(f"account {self.account}, deposit {MINA.of(DEPOSIT)}")
            self.balances.note("opened")
        self.balances.check("opened", "account", DEPOSIT)

    def buy(self, *inputs: str) -> dict[str, Any]:
        """Make one call, paid over x402 with one signature; return the answer."""
        with self.progress.step("buyer: call and pay; one signature, no fee, no proof, no block") as say:
            given = [part for each in inputs for part in ("--input", each)]
            paying = [
                "--pay",
                "--yes",
                "--account",
                self.account,
                "--no-wait",
                "--key",
                self.people.file("buyer"),
            ]
            start = time.monotonic()
            answer = self.run(say, "call", self.offer_url, *given, *paying)
            say(f"call    {answer['call']}")
            say(f"{answer['state']} in {time.monotonic() - start:.1f} s: {answer['run']['url']}")
        return answer

    def follow(self, *answers: dict[str, Any], states: tuple[str, ...]) -> list[dict[str, Any]]:
        """Wait until every call is over; it must be in its state."""
        with self.progress.step("the pipelines run; their webhooks wake the collector") as say:
            ended = [self._ended(answer["url"]) for answer in answers]
            for call, expected in zip(ended, states, strict=True):
                say(f"{call['call'][:12]}… {call['state']}: {call['reason']}")
                must(call["state"] == expected, "the call", expected, call["state"])
        return ended

    def settle(self, paid: int, unpaid: dict[str, Any]) -> None:
        """The seller proves and sends one transaction for all calls; a second one finds nothing to do."""
        with self.progress.step("seller: settle all calls in one transaction with a real proof") as say:
            named = [self.account, "--url", self.url, "--yes", *self._sends("seller")]
            settled = self.run(say, "settle", *named)
            must(settled.get("settled") == str(paid), "settled", paid, settled.get("settled"))
            say(f"settled {MINA.of(paid)}, transaction {settled['hash']}")
            again = self.run(say, "settle", *named)
            must(again["status"] == "already-settled", "a second settle", "already-settled", again["status"])
            say("sent again: already settled")
            self._unpaid(say, unpaid)
            self.balances.note("settled")

    def leave(self) -> None:
        """The buyer leaves with the rest; nobody has to agree, only the exit delay must pass."""
        with self.progress.step(
            "buyer: exit, wait for the exit slot, withdraw; the node is all it takes"
        ) as say:
            asked = self.run(say, "exit", self.account, "--yes", *self._sends("buyer"))
            early = self.run(say, "withdraw", self.account, *self._sends("buyer"), status=FAILED)
            must(early["error"]["type"] == "not-yet", "an early withdraw", "not-yet", early)
            say(f"too early: {early['error']['detail']}")
            passed = int(asked["exit_slot"]) - self.chain.pass_slots(1)
            self.chain.pass_slots(passed)
            say(f"{passed} slots pass (of 180 s each; the local chain skips them)")
            withdrawn = self.run(say, "withdraw", self.account, "--yes", *self._sends("buyer"))
            say(f"withdrawn {MINA.of(withdrawn['amount'])}")
            self.balances.note("left")

    def check_balances(self, paid: int) -> None:
        """Check by arithmetic where all money went, to the smallest unit."""
        with self.progress.step("check by arithmetic where the money went") as say:
            for line in self.balances.table():
                say(line)
            share = paid * SHARE // SHARE_UNIT
            buyer, seller = (self.balances.at("before", name) for name in ("buyer", "seller"))
            self.balances.check("opened", "buyer", buyer - DEPOSIT - ACCOUNT_CREATION_FEE.units - FEE)
            self.balances.check("settled", "seller", seller + paid - share - FEE)
            self.balances.check("left", "seller", seller + paid - share - FEE)
            self.balances.check("left", "buyer", buyer - paid - ACCOUNT_CREATION_FEE.units - 3 * FEE)
            self.balances.check("left", "account", share)
            say(f"seller  + {MINA.of(paid)} - {MINA.of(share)} of share - {MINA.of(FEE)} of fee")
            say(f"buyer   - {MINA.of(paid)} - {ACCOUNT_CREATION_FEE} of account - 3 fees of {MINA.of(FEE)}")
            say(f"account {MINA.of(share)}: the operator's share, which `sealrun pay-operator` pays")
            say("the failed run cost nothing")

    def run(
        self, say: Say, *arguments: str, status: int = 0, seconds: int = COMMAND_SECONDS
    ) -> dict[str, Any]:
        """The ``sealrun`` command, which must end with this status; what it printed as JSON."""
        environment = client_environment(self.chain, self.folder, self.prover)
        return run_command(say, *arguments, environment=environment, status=status, seconds=seconds)

    def _sends(self, who: str) -> list[str]:
        """The options of a command that sends a transaction on this chain."""
        proofs = [] if self.chain.proofs else ["--no-proofs"]
        return ["--key", self.people.file(who), "--poll-ms", "50", *proofs]

    def _ended(self, url: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_SECONDS
        while (call := dict(ok(httpx.get(url, timeout=30))))["receipt"] is None:
            must(time.monotonic() < end, "the call", f"over in {PATIENCE_SECONDS} s", call["state"])
            time.sleep(0.25)
        return call

    def _unpaid(self, say: Say, call: dict[str, Any]) -> None:
        """The buyer checks that the failed call's receipt is in the signed figure, with a price of 0 (A8)."""
        named = ["--url", self.url, "--key", self.people.file("buyer"), "--call", call["call"]]
        leaf = self.run(say, "account", self.account, *named)["operator"]["proof"]["leaf"]
        must(leaf["price_due"] == "0", "price due for the failed call", 0, leaf["price_due"])
        say(f"buyer: receipt {leaf['index']} of the signed figure, of the failed call, is due 0")


def run_command(
    say: Say,
    *arguments: str,
    environment: Mapping[str, str],
    status: int = 0,
    seconds: int = COMMAND_SECONDS,
    folder: Path | None = None,
) -> dict[str, Any]:
    """The ``sealrun`` command in a folder, which must end with this status within this time; its JSON."""
    say(f"$ sealrun {arguments[0]} " + " ".join(_shown(each) for each in arguments[1:]))
    done = subprocess.run(
        [sys.executable, "-m", "sealrun_cli.main", *arguments, "--json"],
        cwd=folder,
        env=dict(environment),
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    told = done.stderr.strip() or done.stdout.strip()
    must(done.returncode == status, f"sealrun {arguments[0]}", f"status {status}", told)
    return dict(json.loads(done.stdout))


def _shown(argument: str) -> str:
    """Shorten an argument so that the command fits in a line."""
    if argument.startswith("B62"):
        return f"{argument[:8]}…"
    if argument.startswith("http://127.0.0.1"):
        return argument if len(argument) < len("http://127.0.0.1:65535/offers/") else f"{argument[:42]}…"
    if len(argument) > MAX_SHOWN and "/" not in argument:
        return f"{argument[:MAX_SHOWN]}…"
    return Path(argument).name if "/" in argument else argument
