"""In a sandbox, by the command alone: the block for GitLab calls the offer that its buyer names."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.repositories import commit_all
from sealrun_cli.lib.keys import new_key
from tests.infra.test_ci_blocks import COMPONENT, environment
from tests.spine.conftest import PIPELINE
from tests.spine.reseller import Reseller

pytestmark = pytest.mark.peers

GREETING = PIPELINE.replace("    greeting:\n", "    greeting:\n      options: [hello, moin]\n")
ASKING = """\
spec:
  inputs:
    sealrun_call:
      regex: ^[0-9a-f]{64}$
    greeter: {}
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"
  auto_cancel: {on_new_commit: none}

include:
  - local: child.yml
    inputs:
      call: $[[ inputs.sealrun_call ]]
      offer: $[[ inputs.greeter ]]
      input: greeter
      given: greeting=moin
      service: SERVICE
      only: SERVICE
"""


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[Reseller]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(GREETING)
    commit_all(folder, "v1")
    someone = Reseller(folder, {**environment(folder), "HOME": str(tmp_path)})
    try:
        yield someone
    finally:
        someone.run("deploy", "--stop")
        someone.run("sandbox", "--stop")


def published(seller: Reseller, tag: str, *more: str) -> str:
    """An offer of this tag; its URL."""
    named = ["--tag", tag, "--title", f"Of {tag}", "--price", "0", "--oracle", "oracle.key"]
    file = ["--file", f"{tag}.toml"]
    seller.run("init", *named, *file, *more)
    if tag == "v1":
        seller.run("deploy", "--local", "--oracle-key", "oracle.key", "--yes", *file)
    seller.run("seal", "--yes", *file)
    return str(seller.run("publish", "--yes", *file)["url"])


def test_r12_the_block_calls_the_offer_that_its_buyer_names(seller: Reseller) -> None:
    around = seller.run("sandbox", "--no-proofs")
    seller.run("key", "oracle.key", "--new")
    greeter = published(seller, "v1")
    service = greeter.partition("/offers/")[0]

    (seller.folder / "child.yml").write_text((COMPONENT / "child.yml").read_text())
    (seller.folder / ".gitlab-ci.yml").write_text(ASKING.replace("SERVICE", service))
    commit_all(seller.folder, "v2")
    asking = published(seller, "v2", "--offer-input", "greeter")
    key, token = new_key(seller.folder / "job.key"), (seller.folder / ".sealrun/token").read_text().strip()
    httpx.post(
        f"{around['origin']}/api/v4/projects/101/variables",
        headers={"PRIVATE-TOKEN": token},
        json={"key": "SEALRUN_WALLET", "value": key.to_base58()},
    ).raise_for_status()

    seller.run("key", "buyer.key", "--new")
    bought = ["--input", f"greeter={greeter}", "--key", "buyer.key", "--evidence", "got"]
    assert seller.run("call", asking, *bought)["state"] == "succeeded"
    text = "got/outputs/sealrun-child/sealrun-child/outputs/greet/out/greeting.txt"
    assert (seller.folder / text).read_text() == "moin\n"
    graph = seller.run("lineage", "got")
    (child,) = graph["nodes"][graph["root"]]["calls"]
    assert (graph["nodes"][child]["title"], graph["holds"]) == ("Of v1", True)
    assert seller.run("verify", "got/receipt.json")["holds"]
