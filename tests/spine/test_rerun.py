"""A job bought from one oracle and repeated by another, by the command alone, on real parts."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.market import Market
from mina.keys import PrivateKey
from tests.spine.conftest import PROPERTIES, Shop

pytestmark = pytest.mark.peers


def sealrun(*arguments: str, status: int = 0) -> dict[str, Any]:
    """What the command says as JSON."""
    command = [sys.executable, "-m", "sealrun_cli.main", *arguments, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def second_offer(shop: Shop) -> str:
    """The same commit, sold from another project under another oracle; the offer's URL."""
    stack = shop.market.stack
    first_key = stack.host.environment("collect")["SEALRUN_ORACLE_KEY"]
    other = Market(stack, shop.market.gitlab, PrivateKey.from_scalar(secrets.randbits(250) | 1))
    source = shop.offer.source
    repository = Path(shop.market.gitlab.store.projects[int(source.project)].repository)
    offer, token = other.offer_pipeline(
        "other/greetings", repository, tag="v1", commit=source.commit, properties=PROPERTIES
    )
    other.publish(offer, token.value)
    second_key = stack.host.environment("collect")["SEALRUN_ORACLE_KEY"]
    both = f"{shop.offer.oracle}:{first_key} {offer.oracle}:{second_key}"
    stack.configure("collect", {"SEALRUN_ORACLE_KEY": both})
    return f"{stack.url}/offers/{offer.id}"


def test_e2_a_job_repeated_by_another_oracle_reaches_grade_2(shop: Shop, tmp_path: Path) -> None:
    key, keys, folder = tmp_path / "buyer.key", tmp_path / "issuer-keys.json", tmp_path / "evidence"
    sealrun("key", str(key), "--new")
    issuer = [*("--issuer-keys", str(keys)), "--unsafe-loopback"]
    keys.write_bytes(httpx.get(f"{shop.market.gitlab.url}/oauth/discovery/keys", timeout=30).content)
    bought = sealrun(
        "call", shop.base, "--input", "greeting=hello", "--key", str(key), "--evidence", str(folder)
    )
    assert bought["state"] == "succeeded"
    receipt = str(folder / "receipt.json")
    assert sealrun("verify", receipt, *issuer)["grade"] == 1
    again = sealrun("rerun", str(folder), second_offer(shop), "--key", str(key), *issuer)
    assert (again["state"], again["grade"], again["holds"], again["broken"]) == ("succeeded", 2, True, [])
    assert sealrun("verify", receipt, *issuer)["grade"] == 1, "nobody named the second oracle here"
    (second,) = (folder / "reruns").iterdir()
    oracle = json.loads((second / "offer.json").read_bytes())["oracle"]
    assert sealrun("verify", receipt, *issuer, "--rerun-oracle", oracle)["grade"] == 2


def test_a_call_that_reads_an_earlier_receipt_leads_back_to_it(shop: Shop, tmp_path: Path) -> None:
    key, folder = tmp_path / "buyer.key", tmp_path / "evidence"
    sealrun("key", str(key), "--new")
    buy = ("call", shop.base, "--input", "greeting=hello", "--key", str(key), "--evidence")
    first = sealrun(*buy, str(tmp_path / "first"))
    second = sealrun(*buy, str(folder), "--reads", str(tmp_path / "first" / "receipt.json"))
    assert [one["state"] for one in (first, second)] == ["succeeded"] * 2
    alone = sealrun("lineage", str(folder))
    assert [node["link"] for node in alone["nodes"].values()] == ["followed", "missing"]
    sealrun("evidence", first["url"], "--to", str(folder / "reads" / first["call"]), "--key", str(key))
    both = sealrun("lineage", str(folder))
    assert [node["link"] for node in both["nodes"].values()] == ["followed"] * 2
    assert sealrun("verify", str(folder / "receipt.json"))["holds"] is True
