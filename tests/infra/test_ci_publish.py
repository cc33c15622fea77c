"""On a tag, component and action pin, check, seal and publish the new offer, into a stack on this machine."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import gitlab
import httpx
import pytest

from local.gitlab.config import command
from local.repositories import commit_all
from mina.keys import PrivateKey
from tests.infra.test_ci_blocks import ACTION, COMPONENT, environment
from tests.spine.conftest import PIPELINE
from tests.spine.reseller import Reseller

pytestmark = pytest.mark.peers

# What `sealrun check` wants of it.
SOLD = PIPELINE.replace("    greeting:\n", "    greeting:\n      regex: ^[a-z]{1,20}$\n").replace(
    "\n\ngreet:", "\n  auto_cancel: {on_new_commit: none}\n\ngreet:"
)
CI = "include:\n  - local: templates/offer.yml\n    inputs: {stage: test, publish: true}\n"


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reseller]:
    """Somebody who sells tag v1 for nothing, from a stack on this machine."""
    folder = tmp_path_factory.mktemp("seller") / "project"
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "offer.yml").write_bytes((COMPONENT / "offer.yml").read_bytes())
    (folder / "ci.yml").write_text(CI)
    (folder / ".gitlab-ci.yml").write_text(SOLD)
    (folder / ".gitignore").write_text(".sealrun/\n.gitlab-ci-local/\n*.key\n")
    commit_all(folder, "v1")
    kept = {name: os.environ[name] for name in ("SEALRUN_O1JS_CACHE",) if name in os.environ}
    someone = Reseller(folder, {**environment(folder), **kept})
    try:
        someone.run("sandbox", "--no-proofs")
        someone.run("key", "oracle.key", "--new")
        named = ["--tag", "v1", "--title", "Say hello", "--price", "0", "--oracle", "oracle.key"]
        someone.run("init", *named)
        someone.run("deploy", "--local", "--oracle-key", "oracle.key", "--yes")
        yield someone
    finally:
        someone.run("deploy", "--stop")
        someone.run("sandbox", "--stop")


def sold(seller: Reseller) -> dict[str, Any]:
    """The newest offer, as its stack tells anyone."""
    (shown,) = [
        each for each in seller.run("status")["offers"] if each["offer"] == seller.run("offer")["offer"]
    ]
    answer: dict[str, Any] = httpx.get(shown["url"], timeout=30).json()
    return answer


def test_component_and_action_publish_the_offer_of_a_tag(seller: Reseller) -> None:
    token = (seller.folder / ".sealrun" / "token").read_text()
    commit_all(seller.folder, "v2")
    variables = {"CI_COMMIT_TAG": "v2", "SEALRUN_TOKEN": token}
    named = [part for name, value in variables.items() for part in ("--variable", f"{name}={value}")]
    engine = command("--file", "ci.yml", "--force-shell-executor", "--no-shell-isolation", *named)
    done = run(seller, [*engine, "--ignore-predefined-vars", "CI_COMMIT_TAG", "sealrun-publish"], {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert token not in done.stdout + done.stderr
    assert sold(seller)["document"]["source"]["ref"] == "refs/tags/v2"

    commit_all(seller.folder, "v3")
    given = {"FILE": "offer.toml", "NODE": "", "STACK": "sealrun", "SELLER_KEY": "", "CONTRACT_KEY": ""}
    done = run(
        seller,
        ["bash", str(ACTION / "offer" / "publish.sh")],
        {**given, "TOKEN": token, "GITHUB_REF_NAME": "v3"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert sold(seller)["document"]["source"]["ref"] == "refs/tags/v3"


def test_a_wallet_is_paid_by_the_development_chain(seller: Reseller) -> None:
    around = json.loads((seller.folder / ".sealrun" / "sandbox.json").read_bytes())
    named = ["--origin", around["origin"], "--project", around["project"], "--faucet", around["faucet"]]
    made = seller.run("wallet", *named, "--token-file", ".sealrun/maintainer")
    query = {"query": f'{{account(publicKey:"{made["address"]}"){{balance{{total}}}}}}'}
    answer = httpx.post(around["node"], json=query, timeout=30).json()
    assert int(answer["data"]["account"]["balance"]["total"]) > 0
    token = (seller.folder / ".sealrun" / "maintainer").read_text().strip()
    project = gitlab.Gitlab(around["origin"], private_token=token).projects.get(around["project"])
    (kept,) = project.variables.list(get_all=True)
    assert kept.key == "SEALRUN_WALLET"
    assert PrivateKey.from_base58(kept.value).public_key().to_base58() == made["address"]
    again = seller.run("wallet", *named, "--token-file", ".sealrun/maintainer", status=1)
    assert again["error"]["type"] == "conflict"


def run(seller: Reseller, words: list[str], more: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        words,
        cwd=seller.folder,
        env={**seller.environment, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
