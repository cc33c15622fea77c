"""Topping up: what is refused before anything is sent, and that no lost answer makes anybody pay twice."""

import errno
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mina.keys import PrivateKey
from sealrun.chain.account import MINA_TOKEN, PERMISSIONS
from sealrun_cli.commands import topup
from sealrun_cli.lib import output
from sealrun_cli.lib.contracts import CHECKOUT
from sealrun_cli.lib.errors import CliError
from sealrun_cli.main import app
from tests.cli.web import Asked, Web, web

NANO = 10**9
ACCOUNT = PrivateKey.from_scalar(11).public_key().to_base58()
PAYER, OTHER = (PrivateKey.from_scalar(number) for number in (12, 13))
CODE = json.loads((CHECKOUT / "verification_keys.json").read_text())["PrepaidAccount"]["hash"]


@dataclass
class Chain:
    """A Mina node with one prepaid account, and the tool that sends to it."""

    terms: int = 1
    exit_slot: int = 0
    code: str = CODE
    balance: int = 15 * NANO
    spent: int = 5 * NANO
    accrued: int = NANO // 8
    money: int = 100 * NANO  # each payer's
    nonces: dict[str, int] = field(default_factory=dict)
    pool: dict[tuple[str, int], int] = field(default_factory=dict)  # amounts, by payer and nonce
    sent: list[tuple[int, int]] = field(default_factory=list)  # nonces and amounts
    lost: str = ""  # how the tool ends without an answer

    def answer(self, asked: Asked) -> tuple[int, Any]:
        payer = asked.body["variables"]["payer"]
        assert asked.body["variables"]["key"] == ACCOUNT
        key = {"auth": "Impossible", "txnVersion": "3"}
        account = {
            "publicKey": ACCOUNT,
            "token": MINA_TOKEN,
            "balance": {"total": str(self.balance)},
            "zkappState": [
                str(self.terms),
                "2",
                "0",
                *map(str, (self.spent, self.exit_slot, self.accrued, 9, 1)),
            ],
            "verificationKey": {"hash": self.code} if self.code else None,
            "permissions": {**PERMISSIONS, "setVerificationKey": key},
        }
        chain = [{"protocolState": {"consensusState": {"blockHeight": "57"}}}]
        known = {"nonce": str(self.nonces.get(payer, 0)), "balance": {"total": str(self.money)}}
        assert asked.body["variables"]["token"] == MINA_TOKEN
        accounts = {"account": account, "payer": known, "purse": {"balance": known["balance"]}}
        return 200, {"data": {"syncStatus": "SYNCED", "bestChain": chain, **accounts}}

    def tool(self, name: str, sender: Any, _out: object, **request: Any) -> dict[str, Any]:
        payer, nonce = sender.key.public_key().to_base58(), request["nonce"]
        assert (name, request["account"]) == ("topup", ACCOUNT)
        if nonce != self.nonces.get(payer, 0) or (payer, nonce) in self.pool:
            raise CliError("refused", "the node refuses: this nonce is taken")
        self.sent.append((nonce, int(request["amount"])))
        if self.lost != "before it was sent":
            self.pool[payer, nonce] = int(request["amount"])
        if self.lost:
            raise CliError("node-unavailable", f"no answer: lost {self.lost}")
        self.block()
        return {"status": "included", "hash": "5J"}

    def settle(self, due: int) -> None:
        """The seller is paid, and the operator all that accrued."""
        self.spent += due
        self.balance -= due + self.accrued
        self.accrued = 0

    def block(self) -> None:
        """All that waits is applied."""
        for (payer, nonce), amount in self.pool.items():
            self.nonces[payer] = nonce + 1
            self.balance += amount
        self.pool.clear()


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Chain:
    chain = Chain()
    monkeypatch.setattr(topup, "run_tool", chain.tool)
    return chain


@pytest.fixture
def site(chain: Chain) -> Iterator[Web]:
    with web({"POST /graphql": chain.answer}) as running:
        yield running


@dataclass
class Command:
    """``sealrun topup`` of this payer, who keeps its state in a folder."""

    site: Web
    folder: Path

    def __call__(self, amount: str, *more: str, key: PrivateKey = PAYER, yes: bool = True) -> Result:
        named = ["topup", ACCOUNT, "--amount", amount, "--key", "-", "--node", f"{self.site.url}/graphql"]
        flags = ["--state", str(self.folder), *(["--yes"] if yes else []), "--json", *more]
        return CliRunner().invoke(app, [*named, *flags], input=key.to_base58())

    @property
    def kept(self) -> Path:
        return self.folder / f"{ACCOUNT}.topup.json"


@pytest.fixture
def command(site: Web, tmp_path: Path) -> Command:
    return Command(site, tmp_path)


def told(done: Result) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def error(done: Result) -> dict[str, str]:
    assert done.exit_code == 1, done.output
    return dict(told(done)["error"])


def test_money_is_added_after_a_yes_and_the_new_balance_is_told(chain: Chain, command: Command) -> None:
    refused = command("20", yes=False)
    assert (error(refused)["type"], chain.sent, command.kept.exists()) == ("confirm", [], False)
    assert "pay      20 MINA from" in refused.stderr
    assert "15 MINA now, 35 MINA then" in refused.stderr
    done = command("20")
    assert told(done) == {
        "status": "included",
        "hash": "5J",
        "account": ACCOUNT,
        "amount": str(20 * NANO),
        "balance": str(35 * NANO),
        "height": 57,
        "asset": MINA_TOKEN,
        "decimals": 9,
        "symbol": "MINA",
    }
    assert not command.kept.exists()
    assert told(command("20"))["balance"] == str(55 * NANO), "asked for once more, after a clear answer"
    assert chain.sent == [(0, 20 * NANO), (1, 20 * NANO)]


@pytest.mark.parametrize("amount", ["0", "-1", "20 MINA", "18446744074"])
def test_an_amount_that_is_none_is_refused(chain: Chain, command: Command, amount: str) -> None:
    assert error(command(amount))["type"] == "bad-request"
    assert chain.sent == []


def test_a5_an_account_whose_buyer_asked_to_leave_gets_nothing(chain: Chain, command: Command) -> None:
    chain.exit_slot = 1020
    said = error(command("20"))
    assert (said["type"], chain.sent) == ("account-refused", [])
    assert "got one that its buyer leaves at slot 1020" in said["detail"]
    assert "sealrun open" in said["next"]


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        ("", "account-missing", f"account: expected a prepaid account in MINA at {ACCOUNT}, got none"),
        ("7", "account-refused", f"verificationKey.hash: expected {CODE}, got 7"),
    ],
)
def test_a1_an_account_of_other_code_gets_nothing(
    chain: Chain, command: Command, code: str, kind: str, expected: str
) -> None:
    chain.code = code
    said = error(command("20"))
    assert (said["type"], chain.sent) == (kind, [])
    assert expected in said["detail"]


def test_an_account_that_proofs_settle_takes_money_too(chain: Chain, command: Command) -> None:
    chain.code = json.loads((CHECKOUT / "verification_keys.json").read_text())["ProvedAccount"]["hash"]
    done = command("20")
    assert (done.exit_code, chain.sent) == (0, [(0, 20 * NANO)]), done.output


def test_a1_an_address_without_an_account_gets_nothing(site: Web, command: Command) -> None:
    site.answers["POST /graphql"] = (200, {"data": {"syncStatus": "SYNCED", "account": None, "payer": {}}})
    said = error(command("20"))
    assert said["type"] == "account-missing"
    assert "expected a prepaid account" in said["detail"]
    assert "sealrun open" in said["next"]


def test_a1_a_node_that_is_not_synced_is_not_believed(site: Web, command: Command) -> None:
    site.answers["POST /graphql"] = (200, {"data": {"syncStatus": "CATCHUP"}})
    assert "expected SYNCED, got CATCHUP" in error(command("20"))["detail"]


def test_a_payer_of_too_little_is_told_before_it_pays_a_fee_for_nothing(
    chain: Chain, command: Command
) -> None:
    chain.money = 20 * NANO
    assert "expected at least 20.1 MINA" in error(command("20"))["detail"]
    assert chain.sent == []


def test_what_the_node_refuses_at_once_is_told_in_its_words(chain: Chain, command: Command) -> None:
    chain.pool[PAYER.public_key().to_base58(), 0] = 0  # another transaction of the payer's
    assert error(command("20"))["type"] == "refused"
    chain.block()
    assert told(command("20"))["status"] == "included"


def test_an_answer_that_was_lost_is_found_in_the_block_and_nothing_is_paid_again(
    chain: Chain, command: Command
) -> None:
    chain.lost = "after it was sent"
    assert error(command("20"))["type"] == "node-unavailable"
    chain.lost = ""
    waiting = error(command("20"))
    assert waiting["type"] == "not-included"
    assert "this nonce is taken" in waiting["detail"]
    assert "harmless" in waiting["next"]
    chain.block()
    chain.settle(8 * NANO)
    found = told(command("20"))
    assert (found["status"], found["balance"]) == ("already-topped-up", str(27 * NANO - NANO // 8))
    assert chain.sent == [(0, 20 * NANO)]
    assert not command.kept.exists()


def test_what_was_paid_and_could_not_be_told_is_not_paid_again(
    chain: Chain, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(output, "one_json", no_space)
        assert command("2").exit_code != 0
    assert (len(chain.sent), command.kept.exists()) == (1, True)
    assert told(command("2"))["status"] == "already-topped-up"
    assert (len(chain.sent), command.kept.exists()) == (1, False)


def no_space(_value: object) -> str:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_block_that_comes_while_the_repeat_is_under_way_is_no_second_payment(
    chain: Chain, site: Web, command: Command
) -> None:
    chain.lost = "after it was sent"
    command("20")
    chain.lost = ""

    def then_block(asked: Asked) -> tuple[int, Any]:
        told = chain.answer(asked)
        chain.block()
        return told

    site.answers["POST /graphql"] = then_block
    assert error(command("20"))["type"] == "not-included"
    assert told(command("20"))["status"] == "already-topped-up"
    assert chain.sent == [(0, 20 * NANO)]


def test_what_never_left_is_sent_again_with_the_same_nonce(chain: Chain, command: Command) -> None:
    chain.lost = "before it was sent"
    assert error(command("20"))["type"] == "node-unavailable"
    chain.lost = ""
    again = command("20", "--fee", "0.2")
    assert (told(again)["status"], told(again)["balance"]) == ("included", str(35 * NANO))
    assert "with nonce 0, as before" in again.stderr
    assert chain.sent == [(0, 20 * NANO), (0, 20 * NANO)]


def test_where_another_transaction_used_up_the_nonce_the_money_is_paid_with_the_next_one(
    chain: Chain, command: Command
) -> None:
    chain.lost = "before it was sent"
    command("20")
    chain.lost = ""
    chain.nonces[PAYER.public_key().to_base58()] = 1
    again = command("20")
    assert "is in no block and never will be" in again.stderr
    assert (told(again)["status"], told(again)["balance"]) == ("included", str(35 * NANO))
    assert chain.sent == [(0, 20 * NANO), (1, 20 * NANO)]


@pytest.mark.parametrize(("amount", "key"), [("30", PAYER), ("20", OTHER)])
def test_another_request_waits_until_the_unclear_one_is_decided(
    chain: Chain, command: Command, amount: str, key: PrivateKey
) -> None:
    chain.lost = "after it was sent"
    command("20")
    chain.lost = ""
    said = error(command(amount, key=key))
    assert (said["type"], str(command.kept) in said["next"]) == ("conflict", True)
    assert f"expected the one of 20 MINA from {PAYER.public_key().to_base58()}" in said["detail"]
    chain.block()
    done = command(amount, key=key)
    assert "asked for before is in" in done.stderr
    assert told(done)["balance"] == str((35 + int(amount)) * NANO)


def test_what_is_kept_is_read_only_as_it_was_written(chain: Chain, command: Command) -> None:
    command.kept.write_text('{"payer": "B62", "nonce": -1, "amount": "1", "funds": "1"}')
    assert error(command("20"))["type"] == "state"
    assert chain.sent == []


def test_another_account_under_the_same_key_decides_nothing_about_what_was_asked_for(
    chain: Chain, site: Web, command: Command
) -> None:
    """One key can have an account on each network and in each asset; the terms of each name them."""
    chain.lost = "after it was sent"
    command("20")
    chain.block()
    there = Chain(terms=2, balance=90 * NANO, nonces={PAYER.public_key().to_base58(): 7})
    site.answers["POST /graphql"] = there.answer
    said = error(command("20"))
    assert (said["type"], str(command.kept) in said["next"]) == ("conflict", True)
    site.answers["POST /graphql"], chain.lost = chain.answer, ""
    assert told(command("20"))["status"] == "already-topped-up"
    assert chain.sent == [(0, 20 * NANO)]
