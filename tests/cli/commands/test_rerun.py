"""``sealrun rerun`` and ``sealrun call --reads`` refuse before anything is bought, and tell what was."""

import errno
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mina.keys import PrivateKey
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError
from sealrun.money.buyer_mechanism import Known, MinaBatchSettlement
from sealrun.receipts.receipt import SignedReceipt
from sealrun_cli.commands.call import _receipt_hash
from sealrun_cli.commands.rerun import read_first
from sealrun_cli.lib.errors import CliError
from sealrun_cli.main import app
from tests.broken.make import write
from tests.cli.web import Asked, Web, web
from tests.sealrun.folder import folder_of
from tests.sealrun.world import (
    BUYER,
    SELLER,
    World,
    evidence_value,
    make_offer,
    make_paid_offer,
    offer_value,
    sign_call,
    sign_paid_call,
)

REPEATABLE = evidence_value(deterministic=True)
READS = ("0a" * 32, "0b" * 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The buyer's folder of a call that read two earlier ones."""
    world = World()
    record = world.settle(world.call(sign_call(world.offer, reads=READS)).record.call_hash)
    write(folder_of(world, record), tmp_path)
    return tmp_path


def test_the_same_inputs_and_reads_are_taken_from_the_folder(folder: Path) -> None:
    first = read_first(DiskFolder(folder))
    assert (first.inputs, first.reads) == ({"layer": "both"}, READS)


@pytest.mark.parametrize("name", ["receipt.json", "offer.json", "inputs.json"])
def test_a_folder_that_lacks_what_it_takes_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CliError, match="folder: expected"):
        read_first(DiskFolder(folder))


@pytest.mark.parametrize(
    ("name", "before", "after"), [("inputs.json", "both", "mina"), ("offer.json", "Build", "Burn!")]
)
def test_a_folder_whose_files_are_not_the_receipt_s_is_refused(
    folder: Path, name: str, before: str, after: str
) -> None:
    (folder / name).write_text((folder / name).read_text().replace(before, after))
    with pytest.raises(SealrunError, match="expected"):
        read_first(DiskFolder(folder))


def test_the_command_says_what_it_lacks(folder: Path, tmp_path: Path) -> None:
    (folder / "inputs.json").unlink()
    key = tmp_path / "buyer.key"
    key.touch(mode=0o600)
    key.write_text(PrivateKey.from_scalar(5).to_base58())
    arguments = ["rerun", str(folder), "https://calls.example/offers/1", "--key", str(key)]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert (done.exit_code, "sealrun evidence" in done.stdout) == (1, True)
    one = CliRunner().invoke(app, [*arguments, "--pay"])
    assert (one.exit_code, "--pay and --account together" in one.stderr) == (1, True)


def test_a_call_names_an_earlier_receipt_by_its_hash(folder: Path) -> None:
    receipt = folder / "receipt.json"
    signed = SignedReceipt.parse(json.loads(receipt.read_bytes()))
    assert _receipt_hash(receipt) == f"{signed.receipt.hash:064x}"
    receipt.write_text(receipt.read_text().replace('"grade":0', '"grade":1'))
    with pytest.raises(CliError, match="expected a signature that holds"):
        _receipt_hash(receipt)


@pytest.mark.parametrize("reads", [(), READS])
def test_a_paid_call_s_body_says_what_it_reads(reads: tuple[str, ...]) -> None:
    offer = make_paid_offer()
    call = sign_paid_call(offer, reads=reads).call
    made = MinaBatchSettlement(call, offer, buyer=BUYER.public_key(), sign=lambda _: None, known=Known(0, 0))  # type: ignore[arg-type, return-value]
    assert made.body().get("reads", []) == list(reads)


def all_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def second_operator(tmp_path: Path, bought: list[str], lie: str = "") -> Iterator[tuple[Web, list[str]]]:
    """Its address, and ``rerun`` of a folder there; it has no evidence, and calls go to ``bought``."""
    first = World(offer=make_offer(evidence=REPEATABLE, oracle=SELLER.public_key().to_base58()))
    write(folder_of(first, first.settle(first.call().record.call_hash)), tmp_path / "got")
    value = offer_value(evidence=REPEATABLE)
    value["source"] = {**value["source"], "project": "77"}
    second = World(offer=make_offer(**value))
    second.clock.now = int(time.time())
    key = tmp_path / "buyer.key"
    key.touch(mode=0o600)
    key.write_text(BUYER.to_base58())

    def take(asked: Asked) -> tuple[int, Any]:
        record = second.call(body=canonical(asked.body)).record
        receipt = dict(second.settle(record.call_hash).receipt or {})
        bought.append(record.id)
        view = {"state": "succeeded", "call": lie, "url": lie, "receipt": receipt}
        site.answers |= {
            f"GET /calls/{record.id}": (200, view),
            f"GET /calls/{record.id}/receipt": (200, receipt),
        }
        return 202, {**view, "receipt": None}

    offer = second.offer.id
    served = {"document": value, "open": True, "reason": ""}
    with web({f"GET /offers/{offer}": (200, served), f"POST /offers/{offer}/calls": take}) as site:
        yield (
            site,
            ["rerun", str(tmp_path / "got"), f"{site.url}/offers/{offer}", "--key", str(key), "--json"],
        )


@pytest.mark.parametrize("lie", ["{}/victim", "../../victim", "..", "../.."])
def test_c1_the_second_runs_folder_is_named_by_its_own_call_whatever_its_operator_says(
    lie: str, tmp_path: Path
) -> None:
    (tmp_path / "victim").mkdir()
    bought = list[str]()
    with second_operator(tmp_path, bought, lie.format(tmp_path)) as (site, command):
        before = all_files(tmp_path)
        done = CliRunner().invoke(app, command)
    assert done.exit_code == 1, "this operator has no evidence"
    (call,) = bought
    assert all_files(tmp_path) - before == {f"got/reruns/{call}/receipt.json"}
    assert all(f"/calls/{call}" in each.path for each in site.asked if "/calls/" in each.path)
    place, key = tmp_path / "got" / "reruns" / call, tmp_path / "buyer.key"
    assert f"sealrun evidence {site.url}/calls/{call} --to {place} --key {key}\n" in done.stderr
    assert "do not buy it again" in done.stderr


@pytest.mark.parametrize("lost", ["disk", "store"])
@pytest.mark.parametrize("name", ["rerun", "call"])
def test_c2_a_run_whose_evidence_cannot_be_had_or_written_is_told_as_bought(
    name: str, lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was told of the disk alone made room, ran the command again, and paid for two runs."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    bought, place = list[str](), tmp_path / "left"
    with second_operator(tmp_path, bought) as (site, [_, _, offer, *key]):
        commands = {
            "rerun": ["rerun", str(tmp_path / "got"), offer],
            "call": ["call", offer, "--input", "layer=both", "--evidence", str(place)],
        }
        if lost == "disk":
            monkeypatch.setattr(DiskFolder, "write", full)
        done = CliRunner().invoke(app, [*commands[name], *key])
    (call,) = bought
    to = place if name == "call" else tmp_path / "got" / "reruns" / call
    kind = {"disk": "file", "store": "unreachable"}[lost]
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["type"]) == (1, kind)
    # A script that reads stdout alone is told, too.
    assert error["next"].startswith(
        f"do not buy it again, the call was taken: look at {site.url}/calls/{call}; "
    )
    assert "do not buy it again" in done.stderr
    assert f"sealrun evidence {site.url}/calls/{call} --to {to} --key {key[1]}\n" in done.stderr


def test_a_file_of_issuer_keys_that_is_none_is_told_before_a_second_run_is_bought(tmp_path: Path) -> None:
    bought = list[str]()
    with second_operator(tmp_path, bought) as (_, command):
        done = CliRunner().invoke(app, [*command, "--issuer-keys", str(tmp_path / "no.json")])
    assert (done.exit_code, bought) == (1, [])
    assert "no.json: expected it to be there" in done.stderr
