"""``make demo``: sell one real CI job on this machine for money, and have mina-signer check the receipt."""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.chain import ChainFailed, MinaChain, build_contracts
from local.contract import Contract
from local.evidence import check_evidence
from local.gitlab import GitLabServer
from local.market import Market, in_mina
from local.page import build_page
from local.people import SHARE, People
from local.prover import Prover
from local.sale import LEDGER, PAYMENT, PRICE, Sale
from local.served import LITTLE_COST, Served
from local.signals import wait_for_stop
from local.steps import DemoFailed, Progress, must
from mina.keys import PrivateKey
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun.verification.claims import RECEIPT, STATEMENTS
from sealrun_cli.lib.errors import CliError

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo"
EVIDENCE = OUT / "evidence"
KEYS = OUT / "issuer-keys.json"
TAG = "v0-demo"
STEPS = 15
INPUTS = {
    "layer": {"type": "string", "enum": ["mina", "sealrun", "both"]},
    "expected": {"type": "string", "pattern": "^[0-9a-f]{64}$", "maxLength": 64},
}
# No build has this digest, so the run that expects it fails.
IMPOSSIBLE = "0" * 64


@dataclass
class Demo:
    """The steps of a sale, on a running stack and a running chain."""

    progress: Progress
    market: Market[Served]
    chain: MinaChain
    people: People
    contract: Contract
    prover: Prover
    address: str = ""  # of the good run, for a browser

    def run(self) -> dict[str, Any]:
        """Sell, open, buy twice, settle and leave; return the receipt of the good run."""
        offer, token = self.offer()
        self.publish(offer, token)
        url, folder = self.market.stack.url, OUT / "stack"
        sale = Sale(self.progress, self.chain, self.people, url, offer, folder, self.prover)
        sale.open()
        # For the seller's proof; the jobs run meanwhile.
        self.prover.compile("PrepaidAccount")
        good = sale.buy("layer=both")
        bad = sale.buy("layer=mina", f"expected={IMPOSSIBLE}")
        ended = sale.follow(good, bad, states=("succeeded", "failed"))
        self.address = good["url"]
        receipt = self.collect(sale, good)
        sale.settle(PRICE, ended[1])
        sale.leave()
        sale.check_balances(PRICE)
        return receipt

    def offer(self) -> tuple[Offer, str]:
        """The seller tags a commit and offers its pipeline for a price."""
        what = f"seller: offer this repository's own build at a protected tag for {MINA.of(PRICE)}"
        with self.progress.step(what) as say:
            repository, commit = _tagged_copy()
            offer, token = self.market.offer_pipeline(
                "seller/sealrun",
                repository,
                tag=TAG,
                commit=commit,
                properties=INPUTS,
                title="Build sealrun's own layers, byte-reproducibly",
                prices=in_mina(PRICE),
                terms=self.people.terms(LEDGER),
                payment=PAYMENT,
                credential=self.contract.member,
            )
            say(f"project {offer.source.url}/seller/sealrun, tag {TAG}, commit {commit[:12]}")
            say(f"offer   {offer.id}")
            say(f"terms   operator's share {SHARE / 100:g} %, good runs are paid, failed runs are not")
        return offer, token.value

    def publish(self, offer: Offer, token: str) -> None:
        """The operator seals the token, the seller puts the sealed token and the offer's hash on chain."""
        with self.progress.step(
            "operator: seal the API token; seller: open the offer's contract with it"
        ) as say:
            self.market.publish(offer, token, contract=self.contract)
            say(f"offer   {self.market.stack.url}/offers/{offer.id}, in a browser the buyer's page")
            say(f"chain   {self.contract.member['contract']}; the functions hold only the key to the token")

    def collect(self, sale: Sale, answer: dict[str, Any]) -> dict[str, Any]:
        """The buyer fetches the receipt and everything that the run left; every digest is compared."""
        with self.progress.step("buyer: take the receipt and what the run left") as say:
            named = ["--to", str(EVIDENCE), "--key", self.people.file("buyer")]
            got = sale.run(say, "evidence", answer["url"], *named)
            say(f"{got['files']} files, {got['bytes']} bytes, each compared with what the receipt covers")
            for path in sorted((EVIDENCE / "outputs").rglob("*.*")):
                say(f"{path.stat().st_size:>9} bytes  {path.relative_to(EVIDENCE)}")
            issuer = f"{sale.offer.source.url}/oauth/discovery/keys"
            KEYS.write_bytes(httpx.get(issuer, timeout=30).content)
            for name in (RECEIPT, STATEMENTS):
                shutil.copyfile(EVIDENCE / name, OUT / name)
            pictures = [
                "--svg",
                str(OUT / "profile.svg"),
                "--speedscope",
                str(OUT / "profile.speedscope.json"),
            ]
            profile = sale.run(say, "profile", str(EVIDENCE), *pictures)
            hottest = next(iter(profile["hottest"]), "nothing")
            say(f"{profile['samples']} samples of the run; most in {hottest}")
        receipt: dict[str, Any] = json.loads((OUT / RECEIPT).read_bytes())
        return receipt


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when every step came out as it must."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="show the sale in a browser until Ctrl-C")
    keep = parser.parse_args(arguments).keep
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    progress = Progress(STEPS)
    try:
        people = People.make(OUT / "stack" / "keys")
        receipt = _sale(progress, people, keep=keep)
        oracle = people.oracle.public_key().to_base58()
        _confirm(progress, receipt, oracle)
        check_evidence(progress, OUT / RECEIPT, EVIDENCE, oracle, KEYS)
    except (DemoFailed, ChainFailed, CliError, httpx.HTTPError, subprocess.SubprocessError, OSError) as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nSold, run, receipted and settled in {progress.total():.0f} s. out/demo/ holds:")
    for path in sorted(path for path in OUT.iterdir() if path.is_file()):
        print(f"  {path.name:<24} {path.stat().st_size:>8} bytes")
    print(f"  {EVIDENCE.name}/")
    return 0


def _sale(progress: Progress, people: People, *, keep: bool) -> dict[str, Any]:
    with _running(progress, people) as (market, chain, prover):
        key = PrivateKey.from_scalar(1 + secrets.randbits(250))
        contract = Contract(chain, people.seller, key, prover)
        demo = Demo(progress, market, chain, people, contract, prover)
        receipt = demo.run()
        if keep:
            print(f"\n{demo.address}\nshows the run and its receipt, until Ctrl-C", flush=True)
            if {"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ}:
                webbrowser.open(demo.address)
            wait_for_stop()
        return receipt


@contextmanager
def _running(progress: Progress, people: People) -> Iterator[tuple[Market[Served], MinaChain, Prover]]:
    """Start everything that the demo needs on loopback."""
    with ExitStack() as running, ThreadPoolExecutor(3) as beside:
        with progress.step("start a Mina chain (real proofs), a GitLab and `sealrun serve`") as say:
            build_contracts()
            prover = beside.submit(lambda: running.enter_context(Prover(OUT / "stack" / "prover.log")))
            page = beside.submit(build_page, OUT / "stack" / "page")
            chain = running.enter_context(MinaChain(OUT / "stack" / "chain"))
            # The faucet makes a block of each payment meanwhile.
            funded = beside.submit(people.fund, chain)
            gitlab = running.enter_context(GitLabServer(OUT / "stack" / "gitlab", base_path="/gitlab"))
            shown = ["--page", str(page.result())]
            environment = chain.environment(LEDGER)
            service = Served(OUT / "stack" / "service", *shown, environment=environment, key_cost=LITTLE_COST)
            served = running.enter_context(service)
            funded.result()
            say(f"chain   {chain.graphql}")
            say(f"service {served.url}, all that it keeps is in {served.folder.relative_to(ROOT)}")
        yield Market(served, gitlab, people.oracle), chain, prover.result()


def _confirm(progress: Progress, receipt: dict[str, Any], oracle: str) -> None:
    """mina-signer checks the signature, and must refuse a receipt that was changed."""
    with progress.step("mina-signer, which knows nothing of sealrun, checks the oracle's signature") as say:
        must(receipt["publicKey"] == oracle, "the receipt's key", oracle, receipt["publicKey"])
        confirmed = _mina_signer(OUT / "receipt.json")
        must(confirmed.returncode == 0, "receipt.json", "a signature that holds", confirmed.stderr)
        say(confirmed.stdout.strip())
    with progress.step("the same receipt with its status changed") as say:
        changed = OUT / "stack" / "changed.json"
        changed.write_text(json.dumps({**receipt, "data": {**receipt["data"], "status": 2}}))
        refused = _mina_signer(changed)
        must(refused.returncode == 1, "a changed receipt", "exit status 1", refused.returncode)
        say(refused.stdout.strip())


def _mina_signer(receipt: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", "local/confirm.mjs", str(receipt)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def _tagged_copy() -> tuple[Path, str]:
    """Copy this repository's HEAD with a tag, for the seller; return the copy's path and commit."""
    repository = OUT / "stack" / "seller.git"
    _git("clone", "--quiet", "--bare", "--no-hardlinks", str(ROOT), str(repository))
    commit = _git("-C", str(repository), "rev-parse", "HEAD")
    _git("-C", str(repository), "tag", TAG, commit)
    return repository, commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
