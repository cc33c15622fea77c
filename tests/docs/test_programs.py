"""The integrator's programs, run as they stand on the page: they buy, and they read a receipt."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.nodejs import NODE
from local.sale import PRICE, Sale
from sealrun.receipts.receipt import SignedReceipt
from tests.docs.pages import ROOT, blocks
from tests.sealrun.world import World
from tests.spine.conftest import Shop, shop
from tests.spine.test_paid_sale import sale

pytestmark = pytest.mark.peers
__all__ = ["sale", "shop"]

PROGRAMS = {
    block.name: block.text for block in blocks("python", "javascript", "typescript") if "." in block.name
}
READ = """\
import { Field, PublicKey, Signature } from 'o1js';
import { Receipt } from './receipt.ts';
import { readFileSync } from 'node:fs';

const { data, signature, publicKey } = JSON.parse(readFileSync('receipt.json', 'utf8'));
const receipt = Receipt.fromJson(data);
const offer = Field(data.offer_hash);
const check = (network, offerHash) => {
  try {
    receipt.assertSucceeded(
      PublicKey.fromBase58(publicKey), Signature.fromBase58(signature), network, offerHash);
    return 'good';
  } catch (error) {
    return error.message.split('\\n')[0];
  }
};
console.log(JSON.stringify({
  good: check('mina:devnet', offer),
  network: check('mina:mainnet', offer),
  offer: check('mina:devnet', offer.add(1)),
  hash: receipt.hash().toString(),
}));
"""


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
    assert sorted(PROGRAMS) == ["buy.mjs", "buy.py", "receipt.ts"]


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


def test_a_contract_reads_a_receipt(folder: Path) -> None:
    world = World()
    record = world.settle(world.call().record.call_hash)
    (folder / "receipt.json").write_text(json.dumps(record.receipt))
    (folder / "read.mjs").write_text(READ)
    told = json.loads(run(folder, "read.mjs"))
    assert told["good"] == "good"
    assert told["hash"] == str(SignedReceipt.parse(record.receipt).receipt.hash)
    assert "another network" in told["network"]
    assert "another offer" in told["offer"]
