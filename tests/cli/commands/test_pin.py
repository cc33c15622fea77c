"""``sealrun pin``: what the index shows goes to IPFS later, and nothing else of the folder."""

import base64
import errno
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sealrun.adapters.ipfs.kubo import KuboPinner
from sealrun.adapters.ipfs.pinning_service import ServicePinner
from sealrun.encoding.measure import measure_document
from sealrun.errors import PinFailed, PinnerAway
from sealrun.evidence.index import Index
from sealrun.service.credentials import key_context
from sealrun_cli.commands import pin as pinning
from sealrun_cli.commands.pin import Pinned, open_pinners, pin_folder
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.main import app
from tests.broken.make import kept, whole, write
from tests.broken.sale import LEFT, Files, sale_of
from tests.sealrun.fakes import FakeKeys, FakePinner
from tests.sealrun.world import World, evidence_value, make_offer

RUN = CliRunner()
OUT = "outputs/build/dist/out.txt"
DOCUMENTS = {"receipt.json", "receipt.intoto.jsonl", "index.json", "offer.json", "call.json"}
AWAY = "kubo:http://127.0.0.1:9"  # discard: nobody listens
REFUSED = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"


def shown(files: Files) -> set[str]:
    """Where the files are that the index shows with a CID."""
    return set(Index.parse(files["index.json"]).with_cids())


def pinned(root: Path, *pinners: Any) -> list[Pinned]:
    return list(pin_folder(root, pinners, Output(as_json=True)))


def refused(root: Path, pinner: FakePinner) -> str:
    """Why nothing was pinned."""
    with pytest.raises(CliError) as caught:
        pinned(root, pinner)
    assert pinner.tries == 0
    return caught.value.detail


@pytest.fixture
def bought(tmp_path: Path) -> Path:
    """The buyer's folder, with all that only the buyer may see."""
    write(kept("good"), tmp_path)
    return tmp_path


def test_e1_only_what_the_index_shows_and_its_documents_leave_the_buyers_folder(bought: Path) -> None:
    good, pinner = kept("good"), FakePinner()
    done = pinned(bought, pinner)
    assert {one.name for one in done} == shown(good) | DOCUMENTS
    assert pinner.pins == {measure_document(good[one.name]).cid: good[one.name] for one in done}
    hidden = {"openings.json", "disclosures/notes.json", "outputs/build/notes.txt", "profile/build/job.log"}
    assert hidden < set(good)
    assert not {good[name] for name in hidden} & set(pinner.pins.values())


def test_r7_private_inputs_stay_in_the_folder(tmp_path: Path) -> None:
    world = World(make_offer(evidence=evidence_value(outputs=["build/dist/*"])))
    world.provider.files = LEFT
    files = sale_of(world, world.settle(world.call().record.call_hash)).folder()
    assert world.offer.evidence.inputs == "buyer"
    write(files, tmp_path)
    pinned(tmp_path, pinner := FakePinner())
    assert len(pinner.pins) == len(shown(files)) + len(DOCUMENTS)
    assert files["inputs.json"] not in pinner.pins.values()


@pytest.mark.parametrize(
    "name", ["policy-shows-a-hidden-output", "policy-shows-every-symbol", "policy-shows-the-log"]
)
def test_e1_an_index_that_shows_more_than_the_offer_names_is_refused(name: str, tmp_path: Path) -> None:
    write(whole(name), tmp_path)
    assert "kept back, got it shown" in refused(tmp_path, FakePinner())


@pytest.mark.parametrize("name", ["offer.json", "index.json"])
def test_e1_without_offer_and_index_nothing_says_what_is_public(bought: Path, name: str) -> None:
    (bought / name).unlink()
    assert "offer.json and index.json" in refused(bought, FakePinner())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("receipt-with-a-mistyped-key", "form: receipt: public key"),
        ("signature-over-another-grade", "signature: expected one that holds"),
        ("offer-at-another-price", "offer hash"),
        ("index-of-another-sale", "the index's call"),
        ("call-at-another-time", "call hash"),
        ("statements-of-another-sale", "statements"),
    ],
)
def test_evidence_that_does_not_hold_is_not_spread(name: str, says: str, tmp_path: Path) -> None:
    write(whole(name), tmp_path)
    assert says in refused(tmp_path, FakePinner())


def test_e1_a_file_with_other_bytes_than_its_leafs_stays_here_and_the_others_go(bought: Path) -> None:
    secret = LEFT["notes.txt"]
    (bought / OUT).write_bytes(secret)
    done = pinned(bought, pinner := FakePinner())
    (failed,) = [one for one in done if one.state == "failed"]
    assert (failed.name, failed.why) == (OUT, f"size: expected 6, got {len(secret)}")
    assert secret not in pinner.pins.values()
    assert len(pinner.pins) == len(done) - 1


def test_e1_a_link_to_another_file_is_not_followed(bought: Path) -> None:
    (bought / OUT).unlink()
    (bought / OUT).symlink_to(bought / "outputs/build/notes.txt")
    (failed,) = [one for one in pinned(bought, FakePinner()) if one.state == "failed"]
    assert "expected a file inside the folder, got a link" in failed.why


def test_a_cid_that_is_not_that_of_the_bytes_is_refused(tmp_path: Path) -> None:
    files = whole("index-with-another-cid")
    del files["receipt.intoto.jsonl"]  # it names the index by its digest
    write(files, tmp_path)
    done = pinned(tmp_path, pinner := FakePinner())
    (failed,) = [one for one in done if one.state == "failed"]
    assert failed.why.startswith(f"CID: expected {failed.cid}, got bafkrei")
    assert failed.cid not in pinner.pins


def test_again_is_harmless_and_sends_only_what_is_missing(bought: Path) -> None:
    pinner = FakePinner(refuses={b"built\n"})
    first = {one.name: one.state for one in pinned(bought, pinner)}
    assert first == {**dict.fromkeys(first, "pinned"), OUT: "failed"}
    pinner.refuses.clear()
    pinner.tries = 0
    assert {one.name: one.state for one in pinned(bought, pinner)} == {
        **dict.fromkeys(first, "already"),
        OUT: "pinned",
    }
    assert pinner.tries == 1


def test_each_service_is_told_apart_and_one_that_cannot_be_asked_is_sent_to(bought: Path) -> None:
    class Mute(FakePinner):
        def holds(self, cid: str, *, seconds: float) -> bool:
            raise PinFailed("answer: expected a success, got status 500")

    full = FakePinner("full", refuses=set(kept("good").values()))
    done = pinned(bought, full, mute := Mute("mute"))
    count = len(done) // 2
    assert [(one.service, one.state) for one in done] == [("full", "failed"), ("mute", "pinned")] * count
    assert {one.why for one in done} == {"answer: expected a success, got status 500", ""}
    assert pinned(bought, mute)[0].state == "pinned"


def test_a_service_that_is_out_of_reach_is_asked_once_and_another_gets_every_file(bought: Path) -> None:
    class Away(FakePinner):
        def holds(self, cid: str, *, seconds: float) -> bool:
            self.tries += 1
            raise PinnerAway("connection: expected one to the service, got none")

    away, near = Away(), FakePinner()
    done = pinned(bought, away, near)
    assert away.tries == 1
    assert len(near.pins) == len(done) // 2


def test_a_node_that_is_away_is_said_of_every_file_and_ends_with_status_1(bought: Path) -> None:
    done = RUN.invoke(app, ["pin", str(bought), "--json"], env={"SEALRUN_PIN": AWAY})
    value = json.loads(done.stdout)
    assert (done.exit_code, value["pinned"], value["already"]) == (1, 0, 0)
    assert value["failed"] == len(value["files"]) > len(DOCUMENTS)
    why = f"connection: expected one to the service, got none: {REFUSED}"
    assert {one["why"] for one in value["files"]} == {why}
    lines = RUN.invoke(app, ["pin", str(bought), "--to", AWAY]).stdout.splitlines()
    assert lines.pop().startswith("next     check that the service can be reached")
    assert lines[0] == f"failed   kubo     {value['failed']} files: {why}"
    assert lines[-1] == f"{bought}: 0 pinned, 0 already, {value['failed']} failed"


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("", "expected where to pin, got none"),
        ("ftp:https://a.test", "expected one of kubo"),
        ("kubo:http://10.0.0.1:5001", "expected kubo:https://"),
        ("kubo:http://127.0.0.1:5001@a.test", "URL: expected https://"),
    ],
)
def test_l9_where_to_pin_is_https_or_this_machine(to: str, says: str, bought: Path) -> None:
    done = RUN.invoke(app, ["pin", str(bought), "--to", to, "--json"], env={"SEALRUN_PIN": ""})
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, says in error["detail"]) == (1, True), error
    assert "kubo:http://127.0.0.1:5001" in error["next"]


@dataclass
class Stack:
    """A stack with keys."""

    keys: FakeKeys


PSA = "psa:https://pins.test/psa"


def bearer(pinner: Any) -> dict[str, str]:
    return dict(pinner._headers())


def test_r1_a_token_comes_from_stdin_and_goes_to_the_service_that_asks_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("pin-token-1234\n"))
    node, service = open_pinners(f"kubo:https://ipfs.test {PSA}", "", "sealrun")
    assert isinstance(node, KuboPinner)
    assert isinstance(service, ServicePinner)
    assert (bearer(node), bearer(service)) == ({}, {"Authorization": "Bearer pin-token-1234"})


def test_r1_a_node_gets_a_token_only_from_a_file_that_is_named_for_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("pin-token-1234\n")
    file.chmod(0o600)
    (node,) = open_pinners("kubo:https://ipfs.test", str(file), "sealrun")
    assert bearer(node) == {"Authorization": "Bearer pin-token-1234"}


def test_r1_a_ciphertext_is_opened_by_the_stacks_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = FakeKeys()
    closed = keys.encrypt(b"pin-token-1234", context=key_context("pinning", PSA))
    monkeypatch.setattr(pinning, "find_target", lambda *_: Stack(keys))
    (service,) = open_pinners(f"{PSA}#{base64.b64encode(closed).decode()}", "", "sealrun")
    assert bearer(service) == {"Authorization": "Bearer pin-token-1234"}


@pytest.fixture
def no_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))


@pytest.mark.usefixtures("no_stdin")
@pytest.mark.parametrize(
    ("to", "file", "says"),
    [
        (PSA, "", "expected one for psa:https://pins.test/psa, got none"),
        (f"{PSA} pinata:https://uploads.pinata.cloud", "", "expected one service that it is for, got 2"),
        ("kubo:https://a.test kubo:https://b.test", "-", "expected one service that it is for, got 2"),
        (f"{PSA}#QUFB", "-", "expected one service that it is for, got 0"),
    ],
)
def test_r1_one_token_never_serves_two_services(to: str, file: str, says: str) -> None:
    with pytest.raises(CliError, match=says):
        open_pinners(to, file, "sealrun")
