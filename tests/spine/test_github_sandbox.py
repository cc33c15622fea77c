"""``sealrun sandbox --provider github``: a workflow is offered, sold and checked, step by step by command."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.repositories import commit_all
from tests.infra.test_ci_blocks import environment
from tests.sealrun.providers.github.samples import FILE
from tests.spine.reseller import Reseller
from tests.spine.test_github_sale import WORKFLOW

pytestmark = pytest.mark.peers

CHOICE = "greeting: {type: choice, options: [hello, salut], default: hello}"
SOLD = WORKFLOW.replace("greeting: {default: hello}", CHOICE)


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[Reseller]:
    """Somebody with a workflow and a sandbox for it."""
    folder = tmp_path / "project"
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_text(SOLD)
    commit_all(folder, "v1")
    someone = Reseller(folder, {**environment(folder), "HOME": str(tmp_path)})
    try:
        yield someone
    finally:
        someone.run("deploy", "--stop")
        someone.run("sandbox", "--stop")


def test_a_workflow_is_sold_once_and_githubs_own_keys_confirm_the_run(seller: Reseller) -> None:
    around = seller.run("sandbox", "--provider", "github", "--no-proofs")
    assert (around["provider"], around["project"]) == ("github", "seller/project")
    seller.run("key", "oracle.key", "--new")
    named = ["--tag", "v1", "--title", "Say hello", "--price", "0", "--oracle", "oracle.key"]
    seller.run("init", "--provider", "github", "--provider-terms", "--config", FILE, *named)
    seller.run("deploy", "--local", "--oracle-key", "oracle.key", "--yes")
    assert seller.run("seal", "--yes")["webhook"] is True
    published = seller.run("publish", "--yes")
    assert published["state"] == "open"
    seller.run("key", "buyer.key", "--new")
    bought = ["--input", "greeting=salut", "--key", "buyer.key", "--evidence", "got"]
    assert seller.run("call", published["url"], *bought)["state"] == "succeeded"
    assert (seller.folder / "got/outputs/greeting/out/greeting.txt").read_text() == "salut\n"
    keys = httpx.get(f"{around['origin']}/.well-known/jwks", timeout=30, trust_env=False).content
    (seller.folder / "keys.json").write_bytes(keys)
    checked = ["--issuer-keys", "keys.json", "--unsafe-loopback"]
    assert seller.run("verify", "got/receipt.json", *checked)["grade"] == 1

    seller.run("deploy", "--stop")
    deployed = seller.run("deploy", "--local", "--oracle-key", "oracle.key", "--yes")
    assert published["url"] == f"{deployed['url']}/offers/{published['offer']}"
    assert seller.run("status")["calls"] == {"succeeded": 1}, "what was sold is kept"
