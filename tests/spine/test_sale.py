"""Whole sales over real parts: functions under awslambdaric, moto, real pipelines, mina-signer."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.nodejs import NODE
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import UNCLEAR_WAIT
from tests.spine.conftest import Shop

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]


def mina_signer(receipt: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """What mina-signer says of a receipt."""
    (folder / "receipt.json").write_text(json.dumps(receipt))
    command = [NODE, "local/confirm.mjs", str(folder / "receipt.json")]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_a_signed_call_comes_back_as_a_receipt_that_mina_signer_confirms(shop: Shop, tmp_path: Path) -> None:
    answer = shop.send(signed := shop.sign())
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{shop.url}/calls/{signed.call.id}"
    seen = shop.wait(signed.call.id)
    assert (seen["state"], shop.runs(signed.call.id)) == ("succeeded", [seen["run"]["id"]])
    assert mina_signer(seen["receipt"], tmp_path).returncode == 0
    assert seen["receipt"]["data"]["grade"] == 1, "the job's own token came with it"
    changed = {**seen["receipt"], "data": {**seen["receipt"]["data"], "grade": 0}}
    assert mina_signer(changed, tmp_path).returncode == 1
    files = httpx.get(f"{answer.headers['location']}/evidence", timeout=30).json()["files"]
    urls = {file["name"]: file["url"] for file in files}
    assert httpx.get(urls["outputs/greet/out/greeting.txt"], timeout=30).content == b"hello\n"


def test_a_job_that_fails_comes_back_as_a_signed_failure_without_outputs(shop: Shop) -> None:
    shop.send(signed := shop.sign(inputs={"greeting": "fail"}))
    seen = shop.wait(signed.call.id)
    signed_receipt = SignedReceipt.parse(seen["receipt"])
    assert signed_receipt.holds()
    assert (seen["state"], signed_receipt.receipt.status) == ("failed", Outcome.FAILED)
    assert "script_failure" in seen["reason"]


def test_the_same_call_sent_twice_at_once_starts_one_pipeline(shop: Shop) -> None:
    signed = shop.sign()
    command = "import sys, httpx; print(httpx.post(sys.argv[1], content=sys.argv[2], timeout=60).status_code)"
    arguments = [sys.executable, "-c", command, f"{shop.base}/calls", json.dumps(signed.body())]
    both = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == ["202", "202"]
    shop.wait(signed.call.id)
    assert len(shop.runs(signed.call.id)) == 1


@pytest.mark.parametrize(
    ("route", "kind"), [("create_pipeline", "busy"), ("webhook", "lost"), ("webhook", "doubled")]
)
def test_a_provider_in_trouble_still_ends_in_one_run_and_one_receipt(
    shop: Shop, route: str, kind: str
) -> None:
    shop.market.gitlab.faults.add(route, kind, retry_after=1)
    shop.send(signed := shop.sign())
    seen = shop.wait(signed.call.id, hurry=True)
    assert seen["state"] == "succeeded"
    assert len(shop.runs(signed.call.id)) == 1


def test_r3_a_lost_answer_is_found_again_by_its_name_and_nothing_is_started_twice(shop: Shop) -> None:
    shop.market.gitlab.faults.add("create_pipeline", "lost")
    answer = shop.send(signed := shop.sign())
    assert answer.json()["state"] == "triggering"
    shop.age(signed.call.id, seconds=UNCLEAR_WAIT)
    seen = shop.wait(signed.call.id, seconds=180)
    assert seen["state"] == "succeeded"
    assert shop.runs(signed.call.id) == [seen["run"]["id"]]


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"expires_at": 1}, 400, "expired"),
        ({"nonce": "1"}, 400, "malformed"),
        ({"tip": 1}, 400, "malformed"),
        ({"limit": "5"}, 403, "not-allowed"),
    ],
)
def test_errors_are_problem_documents_with_a_stable_type(
    shop: Shop, changes: dict[str, Any], status: int, kind: str
) -> None:
    answer = httpx.post(f"{shop.base}/calls", json={**shop.sign().body(), **changes}, timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (f"urn:sealrun:problem:{kind}", status)
    assert problem["detail"]


def test_what_is_not_there_is_a_problem_document_too(shop: Shop) -> None:
    url = shop.url
    for path in (f"/offers/{'0' * 64}", f"/calls/{'0' * 64}", f"/calls/{'0' * 64}/receipt"):
        answer = httpx.get(url + path, timeout=30)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:sealrun:problem:not-found")


def test_r6_a_forged_webhook_is_answered_alike_and_does_nothing(shop: Shop) -> None:
    url = f"{shop.url}/webhooks/gitlab"
    body = {"object_kind": "pipeline", "object_attributes": {"id": 1}, "project": {"id": 1}}
    for headers in ({}, {"X-Gitlab-Event": "Pipeline Hook", "X-Gitlab-Token": "guess"}):
        answer = httpx.post(url, json=body, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()) == (202, {"accepted": True})


def test_r1_no_log_of_any_function_shows_a_secret(shop: Shop) -> None:
    logs = {name: shop.market.stack.host.log(name) for name in ("call", "collect", "receipt", "webhook")}
    assert all("REPORT RequestId" in log for log in logs.values())
    for secret in shop.secrets:
        assert [name for name, log in logs.items() if secret in log] == []
