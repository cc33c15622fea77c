"""``make demo-market``: an offer on a board, credits that pay for it, and a ticket resold, by commands.

``--no-proofs`` runs the same steps on a chain that counts every proof as valid.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local.hosting import hosting
from local.repositories import commit_all
from local.sale import FEE, run_command
from local.steps import DemoFailed, Progress, Say, must, ok
from sealrun.offers.asset import MINA
from sealrun_cli.lib.errors import CliError

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo-market"
STEPS = 14
PROVE_SECONDS = 900
FUNDED = ("seller", "operator", "buyer", "colleague", "reseller")
OWN_KEYS = ("oracle", "token", "contract")
PIPELINE = """\
spec:
  inputs:
    sealrun_call: {regex: "^[0-9a-f]{64}$"}
    greeting: {options: [hello, goodbye], default: hello}
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"
  auto_cancel: {on_new_commit: none, on_job_failure: none}
greet:
  variables: {GREETING: "$[[ inputs.greeting ]]"}
  script:
    - mkdir out
    - echo "$GREETING, world" > out/greeting.txt
  artifacts: {paths: [out/]}
"""
CAP, MINTED, FOR_SALE, BOUGHT, KEPT, GIVEN, RESOLD = 100, 20, 14, 6, 3, 1, 2
GOOD_RUNS = 2  # the buyer's and the colleague's
DAYS, SLOTS_A_DAY = 30, 480
BACKING = MINA.scale // 2
PRICE = MINA.scale


@dataclass
class CreditSale:
    """The steps of one credit's life, in one folder, by commands."""

    progress: Progress
    folder: Path
    proofs: bool
    node: str = ""
    url: str = ""  # of the service
    offer: str = ""
    board: str = ""  # the address of its owner
    token: str = ""  # the address of the credit's owner
    ask: str = ""
    account: str = ""
    resale: str = ""  # the reseller's account
    passing: str = ""  # where the chain takes how many slots pass
    host: str = ""  # where the published folder is served
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def offer_url(self) -> str:
        return f"{self.url}/offers/{self.offer}"

    def run(self, say: Say, *arguments: str, status: int = 0) -> dict[str, Any]:
        """The command, in the seller's folder; its JSON."""
        environment = {
            **os.environ,
            "SEALRUN_STATE": str(self.folder.parent / "state"),
            "SEALRUN_UNSAFE_LOOPBACK": "1",
            "PYTHONPATH": str(ROOT),
        }
        if self.node:
            environment["SEALRUN_MINA_NODE"] = self.node
        return run_command(
            say, *arguments, environment=environment, status=status, seconds=PROVE_SECONDS, folder=self.folder
        )

    def sends(self, who: str) -> list[str]:
        """The options of a command that sends a transaction on this chain."""
        return ["--key", f"{who}.key", "--poll-ms", "200", *([] if self.proofs else ["--no-proofs"])]

    def start(self) -> None:
        """A GitLab and a chain around the seller's folder."""
        with self.progress.step("start a Mina chain, a GitLab, and a static host") as say:
            seller_repository(self.folder)
            funded = [part for who in FUNDED for part in ("--fund", f"{who}.key")]
            around = self.run(say, "sandbox", *funded, *([] if self.proofs else ["--no-proofs"]))
            self.node, self.passing = around["node"], around["slots"]
            for name in OWN_KEYS:
                self.run(say, "key", f"{name}.key", "--new")
            self.keys = {
                name: self.run(_quiet, "key", f"{name}.key")["address"] for name in (*FUNDED, *OWN_KEYS)
            }
            say(f"chain   {self.node}, {'real proofs' if self.proofs else 'every proof counts as valid'}")

    def write_offer(self) -> None:
        """The offer costs 1 MINA, or 1 RUN of a token that is not there yet."""
        with self.progress.step("seller: offer a pipeline for 1 MINA or 1 RUN; the service starts") as say:
            parties = [
                part for who in ("oracle", "seller", "operator") for part in (f"--{who}", f"{who}.key")
            ]
            named = [
                "--tag",
                "v1",
                "--title",
                "A greeting",
                "--price",
                "1",
                "--depth",
                "0",
                "--public-outputs",
            ]
            self.run(say, "init", *named, *parties, "--contract", "contract.key")
            with (self.folder / "offer.toml").open("a") as file:
                file.write(f'\n[tokens.RUN]\nowner = "{self.keys["token"]}"\ndecimals = 0\nprice = "1"\n')
            self.offer = self.run(say, "offer")["offer"]
            self.url = self.run(say, "deploy", "--local", "--oracle-key", "oracle.key", "--yes")["url"]
            say(f"offer   {self.offer_url}, not yet for sale")

    def issue(self) -> None:
        """The credit, its promise, and the first of it."""
        with self.progress.step(
            "seller: issue credits, mint and sell some; MINA is locked behind each"
        ) as say:
            promise = self.folder.parent / "published" / "run.json"
            made = self.run(
                say, "credits", "issue", "--promise", str(promise), "--at", f"{self.host}/run.json",
                "--title", "Greetings", "--text", "One credit pays for one greeting.",
                "--offer", self.offer_url,
                "--symbol", "RUN", "--cap", str(CAP), "--backing", MINA.of(BACKING).number,
                "--price", MINA.of(PRICE).number, "--days", str(DAYS),
                "--token-key", "token.key", "--vault-key", "vault.key", "--yes", *self.sends("seller"),
            )  # fmt: skip
            self.token = made["token"]
            self.run(say, "credits", "mint", self.token, str(MINTED), "--yes", *self.sends("seller"))
            selling = [str(FOR_SALE), "--price", MINA.of(PRICE).number, "--ask-key", "ask.key", "--yes"]
            self.run(say, "credits", "sell", self.token, *selling, *self.sends("seller"))
            say(f"{MINA.of(MINTED * BACKING)} are locked behind {MINTED} RUN; {FOR_SALE} are for sale")

    def publish(self) -> None:
        """The offer is for sale once its token is there."""
        with self.progress.step("seller: publish the offer, with its contract") as say:
            self.run(say, "seal", "--yes")
            contract = ["--contract-key", "contract.key"]
            published = self.run(say, "publish", "--yes", *contract, *self.sends("seller"))
            must(published["state"] == "open", "the offer", "open", published["state"])

    def list_offer(self) -> None:
        """On a board that anybody may list on."""
        with self.progress.step("seller: open a board, and list the offer on it; no proof") as say:
            opened = self.run(
                say, "market", "board", "--board-key", "board.key", "--yes", *self.sends("seller")
            )
            self.board = opened["board"]
            named = [self.offer_url, "--board", self.board, "--unsafe-loopback"]
            listed = self.run(say, "market", "list", *named, "--yes", *self.sends("seller"))
            say(f"board   {self.board}, listing {listed['listing']}")

    def find(self) -> None:
        """By a node alone: every entry is checked before it is shown."""
        with self.progress.step("buyer: find an offer that takes RUN, and who sells RUN") as say:
            on = ["--board", self.board, "--unsafe-loopback"]
            found = self.run(say, "market", "search", "greeting", "--asset", "RUN", *on)
            (entry,) = found["entries"]
            must(entry["url"] == self.offer_url, "the offer", self.offer_url, entry["url"])
            prices = self.run(say, "market", "prices", self.token, *on)
            self.ask = prices["asks"][0]["ask"]
            say(f"{entry['title']}: 1 RUN, and {MINA.of(prices['asks'][0]['price'])} buys one")

    def buy(self) -> None:
        """Into a new account, and some to keep."""
        with self.progress.step("buyer: buy credits, most into a prepaid account; give one away") as say:
            shown = self.run(say, "credits", "show", self.token)
            must(shown["circulating"] == str(MINTED), "circulating", MINTED, shown["circulating"])
            named = ["--ask", self.ask, "--yes", *self.sends("buyer")]
            into = ["--into", self.offer_url, "--account-key", "account.key"]
            bought = self.run(say, "credits", "buy", self.token, str(BOUGHT), *into, *named)
            self.account = bought["account"]
            self.run(say, "credits", "buy", self.token, str(KEPT), *named)
            given = [str(GIVEN), "--to", self.keys["colleague"], "--yes"]
            self.run(say, "credits", "give", self.token, *given, *self.sends("buyer"))

    def call(self) -> None:
        """One signature, as with MINA."""
        with self.progress.step(
            "buyer: call and pay 1 RUN; one signature, no fee, no proof, no block"
        ) as say:
            paying = ["--pay", "--yes", "--account", self.account, "--key", "buyer.key"]
            receipt = ["--receipt", "receipt.json"]
            called = self.run(say, "call", self.offer_url, "--input", "greeting=hello", *paying, *receipt)
            must(called["state"] == "succeeded", "the call", "succeeded", called["state"])

    def resell(self) -> None:
        """Whoever pays gets a ticket for the key that paid; the run is paid by the reseller's account."""
        with self.progress.step("reseller: buy runs in credits, and sell one as a ticket for MINA") as say:
            bought = [str(RESOLD), "--ask", self.ask, "--into", self.offer_url, "--account-key", "resale.key"]
            made = self.run(say, "credits", "buy", self.token, *bought, "--yes", *self.sends("reseller"))
            self.resale = made["account"]
            published, place = self.folder.parent / "published", f"{self.host}/sale.json"
            until = (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
            where = ["--tickets", f"{self.host}/tickets.json", "--to", str(published / "sale.json")]
            terms = ["--price", "1.5", "--until", until, "--account", self.resale, "--asset", "RUN"]
            inputs = ["--input", "greeting=goodbye", "--key", "reseller.key"]
            self.run(say, "resell", "sale", self.offer_url, *terms, *inputs, *where)
            self.run(say, "resell", "buy", place, "--yes", "--key", "colleague.key", "--poll-ms", "200")
            issuing = ["--to", str(published / "tickets.json"), "--key", "reseller.key", "--depth", "0"]
            issued = self.run(say, "resell", "issue", place, *issuing)
            must(issued["granted"] == 1, "granted", 1, issued)
        with self.progress.step("colleague: take the ticket and redeem it; no secret changed hands") as say:
            mine = ["--key", "colleague.key"]
            (ticket,) = self.run(say, "resell", "take", place, *mine)["tickets"]
            used = self.run(say, "redeem", ticket["url"], *mine)
            must(used["state"] == "succeeded", "the call", "succeeded", used["state"])

    def build(self) -> None:
        """Files for any static host; what is counted are receipts whose signatures were checked."""
        with self.progress.step(
            "anyone: build the catalogue of the board, with its offers' histories"
        ) as say:
            to = self.folder.parent / "published" / "market"
            self.run(say, "market", "build", "--to", str(to), "--board", self.board, "--unsafe-loopback")
            (entry,) = json.loads((to / "catalogue.json").read_bytes())["entries"]
            history = entry["history"]
            must(history["runs"] == history["good"] == GOOD_RUNS, "runs", GOOD_RUNS, history)
            say(f"{entry['title']}: {history['good']} of {history['runs']} runs good, by their receipts")

    def settle(self) -> None:
        """The seller has its credits, and gets their backing."""
        with self.progress.step("seller: settle, and turn the credits in for their backing") as say:
            for account in (self.account, self.resale):
                named = [account, "--url", self.url, "--yes"]
                settled = self.run(say, "settle", *named, *self.sends("seller"))
                must(settled["settled"] == "1", "settled", 1, settled)
            before = self.balance("seller")
            self.run(say, "credits", "redeem", self.token, str(GOOD_RUNS), "--yes", *self.sends("seller"))
            paid, due = self.balance("seller") - before, GOOD_RUNS * BACKING - FEE
            must(paid == due, "paid", MINA.of(due), MINA.of(paid))
            say(f"{MINA.of(GOOD_RUNS * BACKING)} of backing, less the fee of {MINA.of(FEE)}")

    def cash(self) -> None:
        """Whoever did not use a credit gets its backing."""
        with self.progress.step("colleague: cash the unused credit, from the expiry on") as say:
            mine = self.sends("colleague")
            early = self.run(say, "credits", "cash", self.token, str(GIVEN), "--yes", *mine, status=1)
            must(early["error"]["type"] == "not-yet", "an early cash", "not-yet", early)
            say(f"too early: {early['error']['detail']}")
            asked(self.passing, {"count": DAYS * SLOTS_A_DAY})
            say(f"{DAYS} days pass; the local chain skips them")
            before = self.balance("colleague")
            self.run(say, "credits", "cash", self.token, str(GIVEN), "--yes", *mine)
            paid = self.balance("colleague") - before
            must(paid == GIVEN * BACKING - FEE, "paid", MINA.of(GIVEN * BACKING - FEE), MINA.of(paid))
            say(f"{MINA.of(GIVEN * BACKING)} of backing, less the fee of {MINA.of(FEE)}")

    def check_supply(self) -> None:
        """Every credit is held by somebody or burned, and the vault holds the backing of the rest."""
        with self.progress.step("anyone: count the credits, and what is locked behind them") as say:
            shown = self.run(say, "credits", "show", self.token)
            left = MINTED - GOOD_RUNS - GIVEN
            must(shown["circulating"] == str(left), "circulating", left, shown["circulating"])
            must(shown["locked"] == str(left * BACKING), "locked", left * BACKING, shown["locked"])
            gone = f"{GOOD_RUNS} redeemed, {GIVEN} cashed"
            say(f"{MINTED} minted, {gone}: {left} RUN, with {MINA.of(left * BACKING)} behind them")

    def balance(self, who: str) -> int:
        """Nanomina."""
        query = f'{{account(publicKey:"{self.keys[who]}"){{balance{{total}}}}}}'
        return int(asked(self.node, {"query": query})["data"]["account"]["balance"]["total"])


def asked(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the local chain answers."""
    return dict(ok(httpx.post(url, json=body, timeout=120, trust_env=False)))


def _quiet(_: str) -> None:
    pass


def seller_repository(folder: Path) -> None:
    """A repository with the pipeline, at a tag."""
    folder.mkdir(parents=True)
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    (folder / ".gitignore").write_text("/offer.toml\n*.key\n/receipt.json\n/.sealrun/\n")
    commit_all(folder, "v1")


@contextmanager
def selling(sale: CreditSale) -> Iterator[None]:
    """Its host, and in the end nothing of what it started runs on."""
    with hosting(sale.folder.parent / "published") as sale.host:
        try:
            yield
        finally:
            for words in (["deploy", "--stop"], ["sandbox", "--stop"]):
                sale.run(_quiet, *words)


def run(sale: CreditSale) -> None:
    """All steps, in order."""
    with selling(sale):
        sale.start()
        sale.write_offer()
        sale.issue()
        sale.publish()
        sale.list_offer()
        sale.find()
        sale.buy()
        sale.call()
        sale.resell()
        sale.build()
        sale.settle()
        sale.cash()
        sale.check_supply()


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when every step came out as it must."""
    parser = argparse.ArgumentParser(prog="python -m local.credit_sale", description=__doc__)
    parser.add_argument("--no-proofs", action="store_true", help="a chain that counts every proof as valid")
    proofs = not parser.parse_args(arguments).no_proofs
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    progress = Progress(STEPS)
    sale = CreditSale(progress, OUT / "seller", proofs)
    try:
        run(sale)
    except (DemoFailed, CliError, httpx.HTTPError, subprocess.SubprocessError, OSError) as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nIssued, listed, found, bought, called, resold, settled and cashed in {progress.total():.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
