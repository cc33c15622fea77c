"""A sale whose public evidence is pinned on a real IPFS node, and read from another by CID."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from local.ipfs.node import IpfsNode
from sealrun.encoding.measure import measure_document
from sealrun_cli.main import app
from tests.spine.conftest import Shop

pytestmark = pytest.mark.peers


@pytest.fixture
def node(shop: Shop, tmp_path: Path) -> Iterator[IpfsNode]:
    stack = shop.market.stack
    with IpfsNode(tmp_path / "node") as node:
        stack.configure("collect", {"SEALRUN_PIN": f"kubo:{node.url}"})
        yield node
        stack.configure("collect", {"SEALRUN_PIN": ""})


def evidence(shop: Shop, call: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Every file that the public may see, by its name, and the index."""
    found = httpx.get(f"{shop.market.stack.url}/calls/{call}/evidence", timeout=30).json()
    files = {file["name"]: httpx.get(file["url"], timeout=30).content for file in found["files"]}
    return files, json.loads(found["index"])


def cids_of(index: dict[str, Any]) -> dict[str, str]:
    """The CID of every public item, by the name that its file has."""
    shown = [(name, leaf) for name in ("outputs", "profile") for leaf in index[name] if "cid" in leaf]
    return {f"{name}/{leaf['opening']['label']}": leaf["cid"] for name, leaf in shown}


def test_what_the_public_may_see_is_read_from_ipfs_by_the_cids_of_the_index(
    shop: Shop, node: IpfsNode, tmp_path: Path
) -> None:
    shop.send(signed := shop.sign())
    assert shop.wait(signed.call.id)["state"] == "succeeded"
    files, index = evidence(shop, signed.call.id)
    cids = cids_of(index)
    assert {"outputs/greet/out/greeting.txt", "profile/run.json"} <= set(cids)
    run = json.loads(files["profile/run.json"])
    assert run["pins"] == [{"service": "kubo", "pinned": len(set(cids.values())), "failed": 0, "why": {}}]
    assert {cid for cid, how in node.pins().items() if how == "recursive"} == set(cids.values())
    with IpfsNode(tmp_path / "reader") as reader:
        reader.connect(node)
        assert {name: reader.read(cid) for name, cid in cids.items()} == {name: files[name] for name in cids}
        url, folder = f"{shop.market.stack.url}/calls/{signed.call.id}", tmp_path / "evidence"
        command = ["evidence", url, "--to", str(folder), "--gateway", reader.url]
        done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert {name: (folder / name).read_bytes() for name in cids} == {name: files[name] for name in cids}


def test_a_node_that_is_gone_costs_no_receipt(shop: Shop, node: IpfsNode) -> None:
    node.close()
    shop.send(signed := shop.sign())
    assert shop.wait(signed.call.id)["state"] == "succeeded"
    run = json.loads(evidence(shop, signed.call.id)[0]["profile/run.json"])
    assert run["pins"][0]["pinned"] == 0
    why = run["pins"][0]["why"]["run.json"]
    assert why.startswith("connection: expected one to the service, got none: [Errno ")


def test_e1_what_was_not_pinned_at_the_sale_is_pinned_later_by_whoever_has_the_evidence(
    shop: Shop, node: IpfsNode, tmp_path: Path
) -> None:
    node.close()
    shop.send(signed := shop.sign())
    assert shop.wait(signed.call.id)["state"] == "succeeded"
    url, key, folder = (
        f"{shop.market.stack.url}/calls/{signed.call.id}",
        tmp_path / "buyer.key",
        tmp_path / "got",
    )
    key.write_text(shop.buyer.to_base58())
    key.chmod(0o600)
    fetched = CliRunner().invoke(app, ["evidence", url, "--to", str(folder), "--key", str(key)])
    assert "'kubo' held 0 of" in fetched.stdout
    files, index = evidence(shop, signed.call.id)
    documents = [f"{name}.json" for name in ("receipt", "index", "offer", "call")] + ["receipt.intoto.jsonl"]
    wanted = {
        **cids_of(index),
        **{name: measure_document((folder / name).read_bytes()).cid for name in documents},
    }
    assert (folder / "profile/greet/sealrun-profile/token.jwt").exists(), "expected what only the buyer sees"
    with IpfsNode(tmp_path / "later") as later:
        pin = ["pin", str(folder), "--to", f"kubo:{later.url}", "--json"]
        first, again = (json.loads(CliRunner().invoke(app, pin).stdout) for _ in range(2))
        assert {one["name"]: (one["cid"], one["state"]) for one in first["files"]} == {
            name: (cid, "pinned") for name, cid in wanted.items()
        }
        assert [again[state] for state in ("pinned", "already", "failed")] == [0, len(wanted), 0]
        assert set(later.pins()) == set(wanted.values())
        there = ["evidence", url, "--to", str(tmp_path / "there"), "--gateway", later.url]
        assert CliRunner().invoke(app, there).exit_code == 0
        assert {name: later.read(cid) for name, cid in cids_of(index).items()} == {
            name: files[name] for name in cids_of(index)
        }
