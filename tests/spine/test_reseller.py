"""Tried as a new reseller would: from an empty folder to a closed offer, by the ``sealrun`` command alone."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.repositories import git
from tests.spine.conftest import repository

pytestmark = pytest.mark.peers

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

    def run(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """What the command prints as JSON; it must end with this status."""
        done = subprocess.run(
            [SEALRUN, *arguments, "--json"],
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


@pytest.fixture(scope="module")
def reseller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reseller]:
    folder = tmp_path_factory.mktemp("reseller") / "project"
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


def test_from_init_to_close_by_the_command_alone(reseller: Reseller) -> None:
    run = reseller.run
    run("key", "oracle.key", "--new")
    refused = reseller.init("offer.toml", tag="v1", status=1)["error"]
    assert (refused["type"], "add `regex: ^...$`" in refused["next"]) == ("inputs", True)
    reseller.init("offer.toml", "--pattern", "greeting=^[a-z]{1,20}$", tag="v1")
    wrong = [each for each in run("check", status=1)["findings"] if each["holds"] is False]
    assert [each["said"] for each in wrong] == ["a newer commit may cancel a run that was paid for (R5)"]
    reseller.repair()
    made = reseller.init("offer.toml", "--force")
    assert made["inputs"]["properties"]["greeting"]["pattern"] == "^[a-z]{1,20}$"
    assert run("check")["ready"]

    run("deploy", "--local", "--oracle-key", "oracle.key", "--yes")
    assert run("seal", "--yes")["webhook"]
    published = run("publish", "--yes")
    assert (published["state"], published["offer"]) == ("open", made["offer"])

    account = bought(reseller, published["url"])
    settle = (
        "settle",
        account,
        "--url",
        published["url"].partition("/offers/")[0],
        "--key",
        "seller.key",
        *CHAIN,
    )
    assert run(*settle)["settled"] == str(PRICE)

    assert run("rotate", "token", "--yes")["paused"] == ""
    again = run(*call(published["url"], account))
    assert again["state"] == "succeeded"

    run("key", "oracle2.key", "--new")
    renewed = run("rotate", "oracle", "--key", "oracle2.key", "--to", "offer2.toml")
    assert renewed["replaces"] == made["offer"]
    run("deploy", "--local", "--file", "offer2.toml", "--oracle-key", "oracle2.key", "--yes")
    run("rotate", "token", "--and", "offer2.toml", "--yes")
    assert run("publish", "--file", "offer2.toml", "--yes")["state"] == "open"

    assert run("close", "--yes")["closed"] == [made["offer"]]
    late = run(*call(published["url"], account), status=1)
    assert late["error"]["type"] == "offer-closed"
    assert run(*settle)["settled"] == str(PRICE)
    assert run("pay-operator", account, "--key", "operator.key", *CHAIN)["amount"] == str(2 * PRICE // 40)

    shown = run("status")
    assert {each["offer"]: each["closed"] for each in shown["offers"]} == {
        made["offer"]: "its seller closed it",
        renewed["offer"]: "",
    }
    assert shown["calls"] == {"succeeded": 2}
    assert len(shown["oracle_keys"]) == 2
    assert [each["state"] for each in run("calls", "--offer", made["offer"][:8])["calls"]] == [
        "succeeded"
    ] * 2


def test_a9_under_a_new_oracle_key_a_buyer_opens_a_new_account_and_is_served(reseller: Reseller) -> None:
    offers = reseller.run("status")["offers"]
    url = next(each["url"] for each in offers if each["oracle"] == reseller.address("oracle2"))
    bought(reseller, url, keys="second")
    reseller.run("verify", "receipt.json", "--oracle", reseller.address("oracle2"))


def test_a11_a_token_on_chain_from_init_to_close(reseller: Reseller) -> None:
    run = reseller.run
    run("key", "contract.key", "--new")
    ledger = run("status")["ledger"]
    # Nobody has the project's token any more: its owner looks, the offer names the token's account.
    user = tomllib.loads((reseller.folder / "offer.toml").read_text())["source"]["user"]
    looking = ("--token-file", ".sealrun/maintainer", "--user", str(user))
    reseller.init("chain.toml", "--ledger", ledger, "--contract", "contract.key", *looking)
    asked = ("--file", "chain.toml", "--yes")
    run("rotate", "token", "--file", "offer2.toml", "--and", "chain.toml", "--yes")
    opened = run("publish", *asked, "--key", "seller.key", "--contract-key", "contract.key", *CHAIN)
    assert (opened["state"], opened["contract"]["offer"]) == ("open", reseller.address("contract"))
    assert run("rotate", "token", *asked, status=1)["error"]["type"] == "new-offer"
    closed = run("close", *asked, "--key", "seller.key", *CHAIN)
    assert closed["contract"]["status"] == "included"


def test_a9_a_leaked_oracle_key_closes_everything_that_it_signs_for(reseller: Reseller) -> None:
    address = reseller.address("oracle2")
    closed = reseller.run("close", "--file", "offer2.toml", "--leaked-oracle", "--yes")["closed"]
    offers = reseller.run("status")["offers"]
    assert closed == [each["offer"] for each in offers if each["oracle"] == address]
    refused = reseller.run("publish", "--file", "offer2.toml", "--yes", status=1)
    assert "which is closed" in refused["error"]["detail"]


def call(url: str, account: str) -> list[str]:
    paying = ["--pay", "--yes", "--account", account, "--key", "buyer.key", "--receipt", "receipt.json"]
    return ["call", url, "--input", "greeting=hello", *paying]


def bought(reseller: Reseller, url: str, keys: str = "first") -> str:
    """A fresh account and one good run; the account."""
    named = ["--deposit", "20", "--account-key", f"{keys}.key", "--key", "buyer.key"]
    account = str(reseller.run("open", url, "--yes", *named, *CHAIN)["account"])
    assert reseller.run(*call(url, account))["state"] == "succeeded"
    return account
