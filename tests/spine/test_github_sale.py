"""A whole sale through GitHub: a signed call, a workflow that act really runs, a signed receipt."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.github import GitHubServer
from local.github.market import GitHubMarket
from local.repositories import git
from local.stack import Stack
from mina.keys import PrivateKey
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import UNCLEAR_WAIT
from tests.sealrun.providers.github.samples import ASK, FILE, make_repository
from tests.spine.conftest import Shop
from tests.spine.test_evidence import sealrun
from tests.spine.test_sale import mina_signer

pytestmark = pytest.mark.peers
WORKFLOW = (
    """\
name: greetings
run-name: sealrun ${{ inputs.sealrun_call }}
on:
  workflow_dispatch:
    inputs:
      sealrun_call: {required: true}
      greeting: {default: hello}
permissions: {id-token: write}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: test "${{ inputs.greeting }}" != fail
      - run: mkdir out && echo "${{ inputs.greeting }}" > out/greeting.txt
      - run: |
"""
    + ASK
    + """\
      - uses: actions/upload-artifact@v4
        with:
          name: greeting
          path: |
            out/
            sealrun-profile/
"""
)
PROPERTIES = {"greeting": {"type": "string", "pattern": "^[a-z]{1,20}$", "maxLength": 20}}


@dataclass
class GitHubShop(Shop):
    """A published offer of a workflow, and a buyer."""

    market: GitHubMarket[Stack]  # type: ignore[assignment]

    def runs(self, call: str) -> list[int]:
        """The runs of this call at the provider."""
        return [run.id for run in self.market.github.store.runs.values() if call in run.title]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubShop]:
    folder = tmp_path_factory.mktemp("github-shop")
    make_repository(folder / "seller", WORKFLOW)
    oracle, buyer = PrivateKey.from_scalar(secrets.randbits(250) | 1), PrivateKey.from_scalar(78)
    with GitHubServer(folder / "github") as github:
        environment = {"SEALRUN_ARTIFACT_ORIGINS": github.storage.url}
        with Stack(folder / "stack", sweep_seconds=2.0, environment=environment) as stack:
            market = GitHubMarket(stack, github, oracle)
            commit = git(folder / "seller", "rev-parse", "HEAD")
            offer, token = market.offer_workflow(
                "seller/greetings",
                folder / "seller",
                path=FILE,
                tag="v1",
                commit=commit,
                properties=PROPERTIES,
            )
            webhook_secret = market.publish(offer, token.value)
            yield GitHubShop(market, offer, buyer, [token.value, webhook_secret, oracle.to_base58()])


def test_a_signed_call_runs_the_workflow_and_comes_back_as_a_receipt(
    shop: GitHubShop, tmp_path: Path
) -> None:
    answer = shop.send(signed := shop.sign(inputs={"greeting": "salut"}))
    assert answer.status_code == 202
    seen = shop.wait(signed.call.id)
    assert (seen["state"], shop.runs(signed.call.id)) == ("succeeded", [seen["run"]["id"]])
    assert mina_signer(seen["receipt"], tmp_path).returncode == 0
    assert seen["receipt"]["data"]["grade"] == 1, "the run's own token came with it"
    evidence = httpx.get(f"{answer.headers['location']}/evidence", timeout=30).json()
    urls = {file["name"]: file["url"] for file in evidence["files"]}
    assert httpx.get(urls["outputs/greeting/out/greeting.txt"], timeout=30).content == b"salut\n"
    document = json.loads(evidence["documents"]["profile/run.json"])
    assert [(job["name"], job["stage"]) for job in document["jobs"]] == [
        ("greet", ""),
        ("greeting", "artifact"),
    ]
    assert document["configuration"] == FILE


def test_e2_the_buyers_evidence_reaches_grade_1_by_githubs_keys_alone(
    shop: GitHubShop, tmp_path: Path
) -> None:
    key, keys, folder = tmp_path / "buyer.key", tmp_path / "issuer-keys.json", tmp_path / "evidence"
    sealrun("key", key, "--new")
    bought = sealrun("call", shop.base, "--input", "greeting=hello", "--key", key, "--evidence", folder)
    assert bought["state"] == "succeeded"
    verify: list[str | Path] = ["verify", folder / "receipt.json", "--issuer-keys", keys, "--unsafe-loopback"]
    keys.write_bytes(httpx.get(f"{shop.market.github.url}/.well-known/jwks", timeout=30).content)
    assert sealrun(*verify)["grade"] == 1
    keys.write_text(json.dumps({"keys": []}))
    assert sealrun(*verify)["grade"] == 0


def test_a_step_that_fails_comes_back_as_a_signed_failure_without_outputs(shop: GitHubShop) -> None:
    shop.send(signed := shop.sign(inputs={"greeting": "fail"}))
    seen = shop.wait(signed.call.id)
    receipt = SignedReceipt.parse(seen["receipt"])
    assert receipt.holds()
    assert (seen["state"], receipt.receipt.status) == ("failed", Outcome.FAILED)
    assert seen["reason"] == "greet: failure"


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        ("dispatch", "throttled"),
        ("webhook", "lost"),
        ("webhook", "doubled"),
        ("archive", "busy"),
        ("log", "error"),
    ],
)
def test_a_github_in_trouble_still_ends_in_one_run_and_one_receipt(
    shop: GitHubShop, route: str, kind: str
) -> None:
    shop.market.github.faults.add(route, kind, retry_after=1)
    shop.send(signed := shop.sign())
    assert shop.wait(signed.call.id, hurry=True)["state"] == "succeeded"
    assert len(shop.runs(signed.call.id)) == 1


def test_r3_a_lost_answer_is_found_again_by_the_runs_name(shop: GitHubShop) -> None:
    shop.market.github.faults.add("dispatch", "lost")
    answer = shop.send(signed := shop.sign())
    assert answer.json()["state"] == "triggering"
    shop.age(signed.call.id, seconds=UNCLEAR_WAIT)
    seen = shop.wait(signed.call.id, seconds=180)
    assert (seen["state"], shop.runs(signed.call.id)) == ("succeeded", [seen["run"]["id"]])


def test_r6_a_webhook_wakes_the_collector_and_a_forged_one_does_not(shop: GitHubShop) -> None:
    assert [sent.status for sent in shop.market.github.hooks.sent if sent.event == "workflow_run"]
    assert {sent.status for sent in shop.market.github.hooks.sent} == {202}
    url = f"{shop.market.stack.url}/webhooks/github"
    body = json.loads(shop.market.github.hooks.sent[-1].body)
    for headers in ({}, {"X-GitHub-Event": "workflow_run", "X-Hub-Signature-256": "sha256=00"}):
        answer = httpx.post(url, json=body, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()) == (202, {"accepted": True})


def test_r1_no_log_of_any_function_shows_a_secret(shop: GitHubShop) -> None:
    logs = {name: shop.market.stack.host.log(name) for name in ("call", "collect", "receipt", "webhook")}
    assert '"woken":true' in logs["webhook"].replace(" ", "")
    for secret in shop.secrets:
        assert [name for name, log in logs.items() if secret in log] == []
