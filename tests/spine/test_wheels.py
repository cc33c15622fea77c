"""What is published works alone: in an empty environment, with no checkout and no compiler, a buyer buys."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from infra.dist import PACKAGES, build
from tests.spine.reseller import CHAIN, PRICE, Reseller, call, sandboxed

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def empty(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which only the wheels were installed; its folder of programs."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    # The index has what others publish; ours are the files here, which is what --find-links says.
    wanted = ["sealrun-cli[chain,serve]", "sealrun-probe"]
    options = ["-qqq", "--disable-pip-version-check", "--only-binary=:all:", "--find-links", str(dist)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([programs / "pip", "install", *options, *wanted], check=True, env=kept, cwd=folder)
    return programs


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reseller]:
    with sandboxed(tmp_path_factory.mktemp("wheels") / "project") as someone:
        yield someone


def test_two_builds_are_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    again = dict(build(tmp_path))
    first = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()}
    assert again == first
    assert "sealrun-contracts-0.2.0.tgz" in first
    assert len(first) == sum(len(package.kinds) + 1 for package in PACKAGES) + 2


def test_every_package_has_a_bill_of_materials_with_licences(dist: Path) -> None:
    bill = json.loads((dist / "sealrun_tools-0.2.0.cdx.json").read_text())
    named = {part["name"]: part for part in bill["components"]}
    assert named["o1js"]["licenses"] == [{"expression": "Apache-2.0"}]
    bill = json.loads((dist / "sealrun-0.2.0.cdx.json").read_text())
    assert {"certifi", "pynacl", "pyjwt", "boto3"} <= {part["name"] for part in bill["components"]}
    bill = json.loads((dist / "sealrun-contracts-0.2.0.cdx.json").read_text())
    assert bill["metadata"]["component"]["purl"] == "pkg:npm/sealrun-contracts@0.2.0"


def test_a_buyer_with_the_wheels_alone_opens_calls_verifies_and_a_seller_settles(
    seller: Reseller, empty: Path, tmp_path: Path
) -> None:
    url = published(seller)
    environment = {
        "PATH": str(empty),
        "HOME": str(tmp_path),
        "SEALRUN_MINA_NODE": seller.environment["SEALRUN_MINA_NODE"],
        "SEALRUN_O1JS_CACHE": os.environ.get("SEALRUN_O1JS_CACHE", str(tmp_path / "cache")),
    }
    buyer = replace(seller, folder=tmp_path, environment=environment, program=empty / "sealrun")
    for name in ("buyer.key", "seller.key"):
        (tmp_path / name).write_bytes((seller.folder / ".sealrun" / name).read_bytes())
        (tmp_path / name).chmod(0o600)

    assert buyer.run("key", "another.key", "--new")["address"].startswith("B62")
    opened = buyer.run(
        "open", url, "--yes", "--deposit", "20", "--account-key", "account.key", "--key", "buyer.key", *CHAIN
    )
    account = str(opened["account"])
    bought = buyer.run(*call(url, account))
    assert bought["state"] == "succeeded"
    service = url.partition("/offers/")[0]
    buyer.run("evidence", f"{service}/calls/{bought['call']}", "--key", "buyer.key", "--to", "got")
    assert (tmp_path / "got" / "outputs" / "greet" / "out" / "greeting.txt").read_text() == "hello\n"

    origin = json.loads((tmp_path / "got" / "offer.json").read_text())["source"]["origin"]
    keys = httpx.get(f"{origin}/oauth/discovery/keys", timeout=30).content
    (tmp_path / "keys.json").write_bytes(keys)
    verified = buyer.run("verify", "got/receipt.json", "--issuer-keys", "keys.json", "--unsafe-loopback")
    assert verified["grade"] == 1

    service = url.partition("/offers/")[0]
    due = ["settle", account, "--url", service, "--key", "seller.key", "--yes"]
    assert buyer.run(*due, *CHAIN)["settled"] == str(PRICE)
    assert not list(empty.parent.rglob("contracts/package.json")), "nothing of a checkout is there"


def test_a_job_with_the_wheel_alone_is_probed(empty: Path, tmp_path: Path) -> None:
    command = [str(empty / "sealrun-probe"), "run", "--", "python3", "-c", "sum(range(10**6))"]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": f"{empty}:/usr/bin:/bin"}, check=False)
    assert done.returncode == 0
    assert (tmp_path / "sealrun-profile" / "profile.json").exists()


def test_an_operator_with_the_wheels_alone_serves(empty: Path, tmp_path: Path) -> None:
    """Without boto3, which only AWS and evidence in S3 need."""
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text("correct horse battery")
    words = ["--listen", "127.0.0.1:0", "--metrics", "-", "--passphrase-file", "passphrase", "--json"]
    with subprocess.Popen(
        [str(empty / "sealrun"), "serve", *words],
        cwd=tmp_path,
        env={"PATH": str(empty), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        try:
            assert httpx.get(f"{url}/healthz", timeout=30).json()["ok"] is True
            offer = httpx.get(f"{url}/offers/{'0' * 64}", timeout=30)
            assert (offer.status_code, offer.json()["type"]) == (404, "urn:sealrun:problem:not-found")
            assert httpx.get(f"{url}/openapi.json", timeout=30).json()["openapi"].startswith("3.")
        finally:
            process.terminate()
            log = process.stdout.read()  # until it ends: it still says that it stops
    assert process.returncode == 0, log
    assert not list(empty.parent.rglob("boto3"))


def published(seller: Reseller) -> str:
    """The URL of an offer that costs 5 MINA, sold by the checkout's command."""
    seller.repair()
    seller.run("key", "oracle.key", "--new")
    seller.init("offer.toml")
    seller.run("deploy", "--local", "--oracle-key", "oracle.key", "--yes")
    seller.run("seal", "--yes")
    return str(seller.run("publish", "--yes")["url"])
