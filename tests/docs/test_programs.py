"""The integrator's programs, run as they stand on the page: they buy, and they read a receipt."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.nodejs import NODE
from local.repositories import commit_all
from local.sale import PRICE, Sale
from sealrun.receipts.receipt import SignedReceipt
from sealrun_cli.main import app
from tests.docs.pages import ROOT, blocks
from tests.sealrun.world import World
from tests.spine.conftest import Shop, shop
from tests.spine.test_paid_sale import sale

pytestmark = pytest.mark.peers
__all__ = ["sale", "shop"]

PROGRAMS = {
    block.name: block.text for block in blocks("python", "javascript", "typescript") if "." in block.name
}
# A chain in the program's own process, and how a contract at the address `at` is sent to.
CHAIN = """\
import { readFileSync } from 'node:fs';
import { AccountUpdate, Field, Mina } from 'o1js';
const chain = await Mina.LocalBlockchain({ proofsEnabled: false });
Mina.setActiveInstance(chain);
const [sender] = chain.testAccounts;
const at = Mina.TestPublicKey.random();
const send = async (body) => {
  const tx = await Mina.transaction(sender, body);
  await tx.prove();
  await tx.sign([sender.key, at.key]).send();
};
"""
ACCEPT = """\
import { PublicKey } from 'o1js';
import { Receipt, SignedReceipt } from 'sealrun-contracts/receipt';
import { Delivery } from './delivery.js';

const document = JSON.parse(readFileSync('receipt.json', 'utf8'));
const delivery = new Delivery(at);
await send(async () => {
  AccountUpdate.fundNewAccount(sender);
  await delivery.deploy();
  delivery.oracle.set(PublicKey.fromBase58(document.publicKey));
  delivery.offerHash.set(Field(document.data.offer_hash));
  delivery.expected.set(Field(document.data.call_hash));
});
const accept = (changes) => {
  const signed = SignedReceipt.read({ ...document, data: { ...document.data, ...changes } });
  return send(() => delivery.accept(signed)).then(() => 'accepted', (error) => error.message.split('\\n')[0]);
};
console.log(JSON.stringify({
  changed: await accept({ grade: 1 }),
  first: await accept({}),
  again: await accept({}),
  hash: new Receipt(SignedReceipt.read(document).receipt).hash().toString(),
}));
"""
SHOW = """\
import { readSteps } from 'sealrun-contracts/mirror';
import { Gate } from './gate.js';

const path = JSON.parse(readFileSync('path.json', 'utf8'));
const gate = new Gate(at);
await send(async () => {
  AccountUpdate.fundNewAccount(sender);
  await gate.deploy();
  gate.root.set(Field(path.root));
});
const show = (change) => {
  const [first, second] = readSteps(path);
  change(second);
  return send(() => gate.show(first, second)).then(() => 'shown', (error) => error.message.split('\\n')[0]);
};
console.log(JSON.stringify({
  changed: await show((step) => (step.low = step.low.add(1))),
  shown: await show(() => {}),
  high: gate.high.get().toBigInt().toString(16).padStart(32, '0'),
  low: gate.low.get().toBigInt().toString(16).padStart(32, '0'),
}));
"""
# As contracts/tsconfig.json has it: o1js needs the older decorators.
DECORATORS = ("--experimentalDecorators", "--emitDecoratorMetadata", "--useDefineForClassFields", "false")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the programs lie, beside the packages that they import."""
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    return tmp_path


def run(folder: Path, program: str, *words: str) -> str:
    runner = [sys.executable] if program.endswith(".py") else [NODE]
    done = subprocess.run(
        [*runner, program, *words], cwd=folder, check=False, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_page_has_these_programs() -> None:
    assert sorted(PROGRAMS) == ["buy.mjs", "buy.py", "delivery.ts", "gate.ts"]


@pytest.mark.parametrize("program", ["buy.py", "buy.mjs"])
def test_a_call_of_price_0(program: str, shop: Shop, folder: Path) -> None:
    (folder / "buyer.key").write_text(shop.buyer.to_base58() + "\n")
    call, status = run(folder, program, shop.base, "buyer.key").split()
    assert status == "SUCCEEDED"
    assert len(shop.runs(call)) == 1


@pytest.mark.parametrize("program", ["buy.py", "buy.mjs"])
def test_two_paid_calls_each_with_a_limit_one_price_higher(program: str, sale: Sale, folder: Path) -> None:
    sale.open()
    account, key = sale.account, sale.people.file("buyer")
    for _ in range(2):
        assert run(folder, program, sale.offer_url, key, account).endswith(" SUCCEEDED")
    known = json.loads((folder / f"{account}.json").read_text())
    assert {name: int(value) for name, value in known.items()} == {
        "committed": 2 * PRICE,
        "highest": 2 * PRICE,
    }


def compile_contract(folder: Path, program: str) -> None:
    """As whoever installed the package compiles it."""
    (folder / "package.json").write_text('{"type": "module"}')
    run(ROOT / "contracts", "dist.mjs")  # what npm would install
    strict = ("--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
    run(folder, "node_modules/typescript/bin/tsc", *strict, *DECORATORS, program)


def test_a_contract_accepts_a_receipt_once(folder: Path) -> None:
    world = World()
    record = world.settle(world.call().record.call_hash)
    (folder / "receipt.json").write_text(json.dumps(record.receipt))
    (folder / "accept.mjs").write_text(CHAIN + ACCEPT)
    compile_contract(folder, "delivery.ts")
    told = json.loads(run(folder, "accept.mjs"))
    assert "not signed by this oracle" in told["changed"]
    assert (told["first"], told["again"]) == ("accepted", "another call")
    assert told["hash"] == str(SignedReceipt.parse(record.receipt).receipt.hash)


def test_a_contract_reads_a_file_at_a_commit(folder: Path) -> None:
    clone = folder / "clone"
    (clone / "rules").mkdir(parents=True)
    (clone / "rules" / "policy.json").write_text("{}\n")
    commit_all(clone)
    named = ["rules/policy.json", "--repository", str(clone), "--to", str(folder / "path.json")]
    made = CliRunner().invoke(app, ["source", "path", *named, "--json"])
    (folder / "show.mjs").write_text(CHAIN + SHOW)
    compile_contract(folder, "gate.ts")
    told = json.loads(run(folder, "show.mjs"))
    assert told["changed"] == "path: expected the directory of the next step"
    assert told["shown"] == "shown"
    assert told["high"] + told["low"] == hashlib.sha256(b"{}\n").hexdigest()
    assert json.loads(made.stdout)["sha256"] == hashlib.sha256(b"{}\n").hexdigest()
