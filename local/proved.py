"""``make demo-proved``: sell one CI job whose money moves on a proof of the CI's own token alone.

The real proofs of one token take minutes and 6.3 GB. ``--no-proofs`` runs the same steps on a chain that
counts every proof as valid.
"""

import argparse
import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local.chain import ChainFailed, MinaChain, build_contracts
from local.gitlab import GitLabServer
from local.market import Market
from local.people import People, address, client_environment
from local.repositories import commit_all
from local.sale import LEDGER, PRICE, Sale, run_command
from local.served import Served
from local.steps import DemoFailed, Progress, must
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from sealrun.money.dues import Due
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun.offers.terms import Terms
from sealrun.receipts.token_proof import PROOF_NAME
from sealrun.verification.claims import RECEIPT
from sealrun.verification.token_proof import NAME
from sealrun_cli.lib.backlog import FOLD
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import read_offer
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.tools import Sender, run_tool

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo-proved"
TEMPLATE = ROOT / "infra" / "gitlab-component" / "templates" / "done.yml"
PROJECT, TAG, TOKEN, KEYS, STEPS = "seller/greetings", "v1", "token", "issuer-keys.json", 12
# Four proofs of a token, of a minute each on two idle cores, and as many for compiling.
PROVE_SECONDS = 3600
PIPELINE = """\
spec:
  inputs:
    sealrun_call: {regex: "^[0-9a-f]{64}$"}
    greeting: {options: [hello, fail], default: hello}
---
include:
  - local: templates/done.yml
    inputs: {call: "$[[ inputs.sealrun_call ]]"}
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"
  auto_cancel: {on_new_commit: none}
greet:
  variables: {GREETING: "$[[ inputs.greeting ]]"}
  script:
    - test "$GREETING" != fail
    - mkdir out
    - echo "$GREETING, world" > out/greeting.txt
  artifacts: {paths: [out/]}
"""


@dataclass
class ProvedSale(Sale):
    """A sale whose settlement is proved; the seller works in a folder of its own."""

    seller_folder: Path = Path()

    def prove(self, failed: dict[str, Any]) -> dict[str, Any]:
        """The seller proves the token of the one good call, and folds it."""
        with self.progress.step(
            "seller: prove the last job's token, which says that the call is done"
        ) as say:
            named = [self.account, "--url", self.url, "--folder", self._proofs, "--node", self.chain.graphql]
            key = ["--key", self.people.file("seller")]
            listed = self.run(say, "prove", *named, *key, "--list")
            must(failed["call"] not in str(listed), "the backlog", "no failed call", listed)
            say(f"waiting {MINA.of(listed['amount'])}: {len(listed['waiting'])} call; the failed one is none")
            proofs = [] if self.chain.proofs else ["--no-proofs"]
            token = ["--token-file", str(self.seller_folder / TOKEN), "--issuer-keys", str(self.keys_file)]
            made = self.run(say, "prove", *named, *key, *token, *proofs, seconds=PROVE_SECONDS)
            say(f"{made['folded']} call in one proof, worth {MINA.of(made['amount'])}")
        return made

    def settle_proved(self, paid: int) -> None:
        """One transaction for all calls of the fold, without the operator; a second finds nothing to send."""
        with self.progress.step("seller: settle with the proof; the oracle's key has no part in it") as say:
            named = [self.account, "--folder", self._proofs, "--yes"]
            settled = self.run(say, "settle", *named, *self._sends("seller"), seconds=PROVE_SECONDS)
            must(settled.get("settled") == str(paid), "settled", paid, settled.get("settled"))
            say(f"settled {MINA.of(paid)}, transaction {settled['hash']}")
            again = self.run(say, "settle", *named, *self._sends("seller"), status=1)
            must(again["error"]["type"] == "proofs", "a second settle", "nothing to send", again)
            say("once more: nothing waits")
            self.balances.note("settled")

    def verify(self, call: dict[str, Any]) -> None:
        """Anyone checks the token's proof beside the receipt, offline but for nothing."""
        with self.progress.step(
            "buyer: take what the run left, and check the token's proof beside it"
        ) as say:
            evidence = self.folder / "evidence"
            got = ["--to", str(evidence), "--key", self.people.file("buyer")]
            self.run(say, "evidence", call["url"], *got)
            proof = Path(self._proofs) / self.account / f"{call['call']}.proof.json"
            shutil.copyfile(proof, evidence / PROOF_NAME)
            # Where every proof counts as valid, the token's is none.
            status = 0 if self.chain.proofs else 1
            keys = ["--issuer-keys", str(self.keys_file), "--unsafe-loopback"]
            found = self.run(say, "verify", str(evidence / RECEIPT), *keys, status=status)
            (claim,) = [each for each in found["claims"] if each["name"] == NAME]
            expected = "those of the evidence" if self.chain.proofs else "the proof: expected one that holds"
            must(expected in claim["says"], NAME, expected, claim["says"])
            say(claim["says"])

    def attack(self) -> None:
        """Whoever has the oracle's key signs a due for the whole account; not one coin moves."""
        with self.progress.step("an attacker with the oracle's key tries to take the money") as say:
            before = self.chain.balance(self.account)
            for name, error in self.attempts():
                say(f"{name}: {error}")
            must(self.chain.balance(self.account) == before, "the account's balance", before, "another")

    def attempts(self) -> list[tuple[str, str]]:
        """Each attempt and why it was refused."""
        oracle = read_key(self.people.file("oracle"))
        terms, account = self.terms, PublicKey.from_base58(self.account)
        named = {"account": self.account, "terms": terms.value(), "voucher": self._voucher()}
        due = Due(terms.network, account, terms.asset, PRICE, 1, 1)
        said = {"due": str(PRICE), "tree_root": "1", "count": 1}
        signed = {**said, "signature": _sign(oracle, due.due_fields())}
        forged = {name: each for name, each in terms.value().items() if name != "keys"}
        forged["oracle"] = address(self.people.oracle)
        fold = json.loads((Path(self._proofs) / self.account / FOLD).read_bytes())
        node, proofs = self.chain.graphql, self.chain.proofs
        sender = Sender(read_key(self.people.file("operator")), node, "0.1", 200, proofs)
        consent = {"fold": fold, "seller_key": oracle.to_base58()}
        return [
            ("a due that the oracle signed", _refused(sender, "settle", **named, due=signed)),
            ("under terms of its own", _refused(sender, "settle", **{**named, "terms": forged}, due=signed)),
            (
                "the seller's proof, with the oracle's yes",
                _refused(sender, "settle-proved", **named, **consent),
            ),
        ]

    @property
    def terms(self) -> Terms:
        """Those of the account."""
        if self.offer.payment is None:
            raise DemoFailed("offer: expected one with a price")
        return self.offer.payment.terms

    @property
    def keys_file(self) -> Path:
        """The issuer's keys, as ``init`` saved them."""
        return self.seller_folder / KEYS

    @property
    def _proofs(self) -> str:
        return str(self.folder / "proofs")

    def _voucher(self) -> dict[str, Any]:
        """The highest voucher, which the operator has as well."""
        named = [self.account, "--url", self.url, "--key", self.people.file("operator")]
        return dict(self.run(lambda _: None, "account", *named)["operator"]["voucher"])


def _sign(key: PrivateKey, fields: list[int]) -> str:
    return sign_fields(key, fields).to_base58()


def _refused(sender: Sender, tool: str, **request: Any) -> str:
    """The reason why the tool moved no money.

    Raises:
        DemoFailed: it did.
    """
    try:
        moved = run_tool(tool, sender, Output(as_json=True, quiet=True), **request)
    except CliError as error:
        return error.detail
    raise DemoFailed(f"{tool}: expected it to be refused, got {moved}")


def seller_repository(folder: Path) -> None:
    """A repository with the pipeline and the block of the last job, at a tag."""
    (folder / "templates").mkdir(parents=True)
    shutil.copyfile(TEMPLATE, folder / "templates" / TEMPLATE.name)
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    (folder / ".gitignore").write_text(f"/offer.toml\n/{KEYS}\n/{TOKEN}\n")
    commit_all(folder, TAG)


def offered(
    progress: Progress, chain: MinaChain, people: People, market: Market[Served], folder: Path
) -> Offer:
    """The seller writes the offer by `init --proved`, and has it checked; the operator publishes it."""
    environment = client_environment(chain, folder)
    with progress.step("seller: offer a pipeline with a last job; the terms name the CI's keys") as say:
        seller_repository(folder)
        project = market.gitlab.create_project(PROJECT, folder)
        token = market.gitlab.create_token(project, expires_at=_in_a_month())
        file, offer_file = folder / TOKEN, folder / "offer.toml"
        file.touch(mode=0o600)
        file.write_text(token.value)
        keys = [
            part for name in ("oracle", "seller", "operator") for part in (f"--{name}", people.file(name))
        ]
        where = ["--origin", market.gitlab.url, "--project", PROJECT, "--tag", TAG, "--token-file", str(file)]
        priced = ["--price", MINA.of(PRICE).number, "--ledger", str(LEDGER), "--depth", "0"]
        files = ["--file", str(offer_file), "--issuer-keys", str(folder / KEYS)]
        given = ["--title", "A greeting", "--public-outputs", *where, *keys, *priced, *files]
        made = run_command(say, "init", "--proved", *given, environment=environment)
        checking = ["--file", str(offer_file), "--token-file", str(file)]
        checked = run_command(say, "check", *checking, environment=environment)
        found = [each for each in checked["findings"] if each["what"] == "last job" and each["holds"]]
        must(bool(found), "check", "a last job", checked)
        say(f"last job: {found[0]['message']}")
        say(f"offer   {made['offer']}")
    offer = read_offer(offer_file)
    market.publish(offer, token.value)
    return offer


def _in_a_month() -> str:
    return (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


def run(sale: ProvedSale) -> None:
    """All steps, from the opening of the account to its end."""
    sale.open()
    good, bad = sale.buy("greeting=hello"), sale.buy("greeting=fail")
    sale.follow(good, bad, states=("succeeded", "failed"))
    sale.prove(bad)
    sale.attack()
    sale.settle_proved(PRICE)
    sale.verify(good)
    sale.leave()
    sale.check_balances(PRICE)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when every step came out as it must."""
    parser = argparse.ArgumentParser(prog="python -m local.proved", description=__doc__)
    parser.add_argument("--no-proofs", action="store_true", help="a chain that counts every proof as valid")
    proofs = not parser.parse_args(arguments).no_proofs
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    progress = Progress(STEPS)
    try:
        people = People.make(OUT / "keys")
        with ExitStack() as running:
            with progress.step("start a Mina chain, a GitLab and `sealrun serve`") as say:
                build_contracts()
                chain = running.enter_context(MinaChain(OUT / "chain", proofs=proofs))
                people.fund(chain)
                gitlab = running.enter_context(GitLabServer(OUT / "gitlab"))
                environment = chain.environment(LEDGER)
                served = running.enter_context(Served(OUT / "service", environment=environment))
                say(f"chain   {chain.graphql}, {'real proofs' if proofs else 'every proof counts as valid'}")
            market, folder = Market(served, gitlab, people.oracle), OUT / "seller"
            offer = offered(progress, chain, people, market, folder)
            run(ProvedSale(progress, chain, people, served.url, offer, OUT, seller_folder=folder))
    except (DemoFailed, ChainFailed, CliError, httpx.HTTPError, subprocess.SubprocessError, OSError) as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    print(
        f"\nSold, run, proved and settled in {progress.total():.0f} s. No key of the operator's moved a coin."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
