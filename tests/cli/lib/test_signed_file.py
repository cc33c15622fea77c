"""What the page saves for the command: the buyer's signature reaches the tool, all else is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.chain.account import exit_fields, withdraw_fields
from sealrun.offers.asset import MINA
from sealrun_cli.commands import exit as leaving
from sealrun_cli.commands import withdraw
from sealrun_cli.lib import paying_out
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.main import app
from tests.sealrun.fake_chain import TERMS

ACCOUNT = PrivateKey.from_scalar(11).public_key()
BUYER, ANYBODY = (PrivateKey.from_scalar(number) for number in (12, 13))
FIELDS = {
    "exit": exit_fields("mina:devnet", ACCOUNT, MINA, 700),
    "withdraw": withdraw_fields("mina:devnet", ACCOUNT, MINA, 900, 5),
}
KINDS: dict[str, dict[str, Any]] = {
    "exit": {"kind": "exit", "latest": 700},
    "withdraw": {"kind": "withdrawal", "amount": "5"},
}


def saved(command: str, **changes: Any) -> dict[str, Any]:
    """The file that the page saves."""
    signature = sign_fields(BUYER, FIELDS[command]).to_base58()
    common = {"sealrun": 1, "account": ACCOUNT.to_base58(), "terms": TERMS.value(), "signature": signature}
    return {**common, **KINDS[command], **changes}


class Tool:
    """The contracts' tool, which remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, name: str, sender: Any, _out: object, **request: Any) -> dict[str, Any]:
        self.asked.append({"tool": name, "payer": sender.key, **request})
        return {"status": "included", "hash": "5J", "exit_slot": 760, "amount": "5"}


def key_of(key: PrivateKey) -> tuple[int, int]:
    public = key.public_key()
    return public.x, public.is_odd


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Tool:
    tool = Tool()
    monkeypatch.setattr(leaving, "run_tool", tool)
    monkeypatch.setattr(paying_out, "run_tool", tool)
    for command, exit_slot in ((leaving, 0), (withdraw, 600)):
        found = OnChain(TERMS.hash, 9, 0, exit_slot, 0, 0, 0, slot=690, buyer=key_of(BUYER))
        monkeypatch.setattr(command, "on_chain", lambda *_, found=found: found)
    return tool


def run(command: str, folder: Path, value: Any, *more: str) -> Result:
    path = folder / "signed.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    named = ["--signed", str(path), "--key", "-", "--node", "http://node.test", "--json", *more]
    return CliRunner().invoke(app, [command, *named], input=ANYBODY.to_base58())


@pytest.mark.parametrize("command", ["exit", "withdraw"])
def test_any_key_sends_what_the_wallet_signed_and_the_buyers_key_is_not_asked_for(
    tool: Tool, tmp_path: Path, command: str
) -> None:
    value = saved(command)
    for more in ((), (ACCOUNT.to_base58(),)):
        assert run(command, tmp_path, value, "--yes", *more).exit_code == 0
    signed = {name: value[name] for name in ("account", "terms", "signature")}
    (name,) = value.keys() & {"latest", "amount"}
    assert tool.asked == 2 * [{"tool": command, "payer": ANYBODY, **signed, name: value[name]}]


def test_what_the_wallet_signed_is_shown_and_sent_only_if_somebody_agrees(tool: Tool, tmp_path: Path) -> None:
    last = f"costs    0.1 MINA of fee, from {ANYBODY.public_key().to_base58()}"
    slot = 700 + TERMS.exit_delay
    for command, plan in (
        (
            "exit",
            [f"of {ACCOUNT.to_base58()}; it cannot be taken back", f"from slot {slot} on: {MINA.of(9)}"],
        ),
        ("withdraw", [f"{MINA.of(5)} of {ACCOUNT.to_base58()}", f"it, {BUYER.public_key().to_base58()}"]),
    ):
        done = run(command, tmp_path, saved(command))
        assert (json.loads(done.stdout)["error"]["type"], tool.asked) == ("confirm", [])
        assert [each for each in (*plan, last) if each not in done.stderr] == []


@pytest.mark.parametrize("command", ["exit", "withdraw"])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "voucher"}, "kind: expected one of"),
        ({"sealrun": 2}, "sealrun: expected a whole number from 1 to 1"),
        ({"account": "B62"}, "account: public key: expected"),
        ({"signature": "7mX"}, "signature: expected a base58 signature, got another text"),
        ({"terms": {}}, "terms: expected"),
        ({"latest": 0, "amount": "-1"}, "expected"),
        ({"buyer_key": "EK"}, "got also"),
    ],
)
def test_a_file_that_the_page_would_not_save_is_refused_before_anything_is_sent(
    tool: Tool, tmp_path: Path, command: str, changes: dict[str, Any], says: str
) -> None:
    done = run(command, tmp_path, saved(command, **changes))
    assert done.exit_code == 1
    error = json.loads(done.stdout)["error"]
    assert (error["type"], tool.asked) == ("bad-request", [])
    assert says in error["detail"]


def test_a_file_of_the_other_kind_of_another_account_or_of_no_json_is_refused(
    tool: Tool, tmp_path: Path
) -> None:
    other = PrivateKey.from_scalar(14).public_key().to_base58()
    for value, more, kind in (
        (saved("withdraw"), (), "bad-request"),
        (saved("exit"), (other,), "wrong-account"),
        ("{", (), "bad-request"),
        ("x" * 20_000, (), "bad-request"),
    ):
        done = run("exit", tmp_path, value, *more)
        assert json.loads(done.stdout)["error"]["type"] == kind
    assert tool.asked == []
