"""What a real run left, fetched and verified by the ``sealrun`` command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.spine.conftest import Shop

pytestmark = pytest.mark.peers


def sealrun(*arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """What the command printed as JSON; it must end with this status."""
    command = [sys.executable, "-m", "sealrun_cli.main", *map(str, arguments), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def call(shop: Shop) -> str:
    """The URL of a call that is over."""
    shop.send(signed := shop.sign())
    shop.wait(signed.call.id)
    return f"{shop.market.stack.url}/calls/{signed.call.id}"


@pytest.fixture
def key(shop: Shop, tmp_path: Path) -> Path:
    """The buyer's key in a file."""
    path = tmp_path / "buyer.key"
    path.touch(mode=0o600)
    path.write_text(shop.buyer.to_base58())
    return path


def test_evidence_is_fetched_once_verified_and_a_changed_byte_is_found(
    shop: Shop, call: str, tmp_path: Path
) -> None:
    to = tmp_path / "evidence"
    first = sealrun("evidence", call, "--to", to)
    assert (first["files"], first["kept"], first["holds"]) == (3, 0, True)
    assert (to / "outputs/greet/out/greeting.txt").read_text() == "hello\n"
    (to / "outputs/greet/out/greeting.txt").write_text("hullo\n")
    found = sealrun("verify", to / "receipt.json", status=1)
    says = [claim["says"] for claim in found["claims"] if claim["verdict"] == "broken"]
    assert len(says) == 1
    assert says[0].startswith("outputs/greet/out/greeting.txt: SHA-256: expected")
    again = sealrun("evidence", call, "--to", to)
    assert (again["kept"], again["bytes"]) == (2, 6)
    good = sealrun("verify", to / "receipt.json", "--oracle", shop.offer.oracle)
    assert (good["grade"], good["holds"], good["status"]) == (0, True, "succeeded")


def test_l5_the_buyer_fetches_all_and_opens_one_item_to_a_stranger(
    call: str, key: Path, tmp_path: Path
) -> None:
    buyers, strangers = tmp_path / "buyers", tmp_path / "strangers"
    assert sealrun("evidence", call, "--to", buyers, "--key", key)["holds"] is True
    assert b"greeting.txt" in (buyers / "profile/greet/job.log").read_bytes()
    sealrun("evidence", call, "--to", strangers)
    assert [path.name for path in (strangers / "profile/greet").iterdir()] == ["token.claims.json"]
    (strangers / "disclosures").mkdir()
    opened = strangers / "disclosures" / "log.json"
    sealrun("disclose", buyers, "profile/greet/job.log", "--to", opened)
    log = strangers / "profile/greet/job.log"
    log.write_bytes((buyers / "profile/greet/job.log").read_bytes())
    good = sealrun("verify", strangers / "receipt.json")
    assert [claim["verdict"] for claim in good["claims"] if claim["name"] == "disclosure"] == ["holds"]
    log.write_bytes(b"x" + log.read_bytes()[1:])
    sealrun("verify", strangers / "receipt.json", status=1)


def test_what_is_bought_with_evidence_is_verified_at_once(shop: Shop, key: Path, tmp_path: Path) -> None:
    files: list[str | Path] = [
        "--key",
        key,
        "--evidence",
        tmp_path / "got",
        "--receipt",
        tmp_path / "receipt.json",
    ]
    bought = sealrun("call", shop.base, "--input", "greeting=hello", *files)
    assert bought["evidence"]["holds"] is True
    assert (tmp_path / "receipt.json").read_bytes() == (tmp_path / "got" / "receipt.json").read_bytes()
